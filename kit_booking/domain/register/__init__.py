"""Households: how they are found, and how a paper register is read."""
