"""Shared by all pages: security, caching, language, forms, labels, and who is signed in."""
