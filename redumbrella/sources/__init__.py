"""How facts get in: files and databases, mapped and validated into canonical tables."""
