"""A sweep shown: its dataset, tables, maps and page."""
