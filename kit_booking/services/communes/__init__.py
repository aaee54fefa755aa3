"""What a commune is, its fortnight, and finding one."""
