"""Read models: what pages, REST, commands and Python show."""
