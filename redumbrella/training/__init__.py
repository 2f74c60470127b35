"""What a lesson is: observations with outcomes, time-ordered splits, leak guard."""
