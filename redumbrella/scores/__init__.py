"""Today's beliefs: probabilities with intervals and reasons, per lead."""
