"""How people and programs write numbers, times, yes and no, and nothing."""
