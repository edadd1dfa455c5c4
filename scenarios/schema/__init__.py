"""The scenario file: one table, or a few that belong together, a file."""
