"""Extreme values: what a tail looks like beyond the data."""
