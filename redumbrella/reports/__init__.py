"""Shapes of stored documents, and what findings are called."""
