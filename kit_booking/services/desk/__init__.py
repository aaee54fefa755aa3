"""What is to do today, and what is printed."""
