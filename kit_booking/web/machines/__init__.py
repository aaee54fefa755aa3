"""Addresses that programs ask: health, the SMS provider, calendar feeds."""

from kit_booking.web.machines import health, hooks

PAGES = (health, hooks)
