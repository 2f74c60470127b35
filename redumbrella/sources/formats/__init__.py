"""From bytes to records: files of every kind, databases."""
