"""One file for each family of models that is compared."""
