"""Asking for a slot, answering, changing, moving, lapsing, and reading bookings."""
