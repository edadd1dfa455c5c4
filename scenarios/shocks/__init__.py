"""Shock models on the side of the file: one a file, under the name of its kernel."""
