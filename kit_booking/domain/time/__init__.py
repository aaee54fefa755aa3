"""Days, hours, slots and deadlines: when something is possible."""
