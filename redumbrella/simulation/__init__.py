"""A company whose truth is known, in which every decision can be judged. Rests on columns only."""
