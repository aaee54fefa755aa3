"""Ninety days of a commune whose kits are wanted twice as much as they can be had, with the rules and without.

The people are invented; what they meet is the program: its services, its worker, a database, and a clock that is
moved on by hand. The same seed gives the same figures.
"""
