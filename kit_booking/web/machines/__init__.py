"""Addresses that programs ask: health, the SMS provider, calendar feeds."""

from kit_booking.web.machines import feeds, health, hooks

PAGES = (feeds, health, hooks)
