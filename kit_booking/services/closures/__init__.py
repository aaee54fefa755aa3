"""Closing kits or a whole commune, and settling the bookings that stand in it."""
