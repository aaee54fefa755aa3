"""Health, doctor, backup and the demo."""
