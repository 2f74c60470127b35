"""What to do: decisions made of scores and of what people set."""
