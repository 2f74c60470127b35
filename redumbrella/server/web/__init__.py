"""Server-made pages over the views."""
