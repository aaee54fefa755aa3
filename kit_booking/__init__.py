"""Lịch bộ livestream xã: the shared livestream kits of the communes, and who has them when."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from kit_booking.adapters.sms import SmsSender
    from kit_booking.config import Settings

__all__ = ["create_app"]


def create_app(settings: "Settings | None" = None, sms: "SmsSender | None" = None) -> "Flask":
    """The application factory; see `kit_booking.factory`.

    Imported only when it is called, so that `kit_booking.domain` can be imported without Flask and SQLAlchemy.
    """
    from kit_booking import factory

    return factory.create_app(settings, sms)
