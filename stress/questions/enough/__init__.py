"""How many paths are enough: for a standard error that is asked for, or for a time."""
