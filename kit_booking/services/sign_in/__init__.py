"""Codes, passwords, and who is signed in."""
