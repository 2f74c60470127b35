"""From rows to an examined model."""
