"""REST skin over the views."""
