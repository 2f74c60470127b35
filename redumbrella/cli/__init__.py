"""Command-line skin over the workflows and read models."""
