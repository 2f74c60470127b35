"""What to offer to whom: people and products in, ordered lists with exact reasons out."""
