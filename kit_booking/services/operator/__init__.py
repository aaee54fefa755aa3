"""Communes, places, kits and staff accounts."""
