"""How things get out."""
