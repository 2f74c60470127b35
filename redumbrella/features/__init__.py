"""What was known: numeric blocks that describe a lead at an instant."""
