"""Handing kits over and taking them back."""
