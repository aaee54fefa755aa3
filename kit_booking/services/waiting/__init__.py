"""Waiting for a taken slot, and taking or refusing an offer."""
