"""Showing the answers of `levstress reverse`."""
