"""Text messages: their words, when they go out and what became of them."""
