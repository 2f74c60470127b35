"""Amount, time, effort, fit: what a lead is worth."""
