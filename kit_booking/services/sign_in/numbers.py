"""A mobile number as it is remembered without being kept."""

import hashlib
import hmac

from kit_booking.database import app_settings


def number_key(phone: str) -> str:
    """The number's hash, keyed because all numbers could be hashed within minutes; empty without a number."""
    key = app_settings().secret_key.encode()
    return hmac.new(key, f"number {phone}".encode(), hashlib.sha256).hexdigest() if phone else ""
