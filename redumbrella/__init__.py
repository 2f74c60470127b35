"""Red Umbrella: machine learning for lead management, from a company's own record."""
