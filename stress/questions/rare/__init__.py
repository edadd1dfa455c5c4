"""Rare events: what a loss of one in a thousand paths is, from fewer simulated paths."""
