"""The texts: outbox, states, delivery, reminders."""
