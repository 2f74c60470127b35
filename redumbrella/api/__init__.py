"""REST skin over the read models."""
