"""Settings guessed from files."""
