"""The outside shock: one model a file."""
