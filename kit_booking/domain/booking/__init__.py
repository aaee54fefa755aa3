"""What one household may do with one slot, and who is next."""
