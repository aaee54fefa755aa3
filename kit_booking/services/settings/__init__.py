"""A commune's own numbers, hours and slot plans."""
