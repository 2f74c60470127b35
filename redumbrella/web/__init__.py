"""Page skin over the read models."""
