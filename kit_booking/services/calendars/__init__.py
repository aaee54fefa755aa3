"""Calendar feeds and their private addresses."""
