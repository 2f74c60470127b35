"""What the linear families share: encodings and ridges."""
