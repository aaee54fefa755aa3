"""A commune's settings."""
