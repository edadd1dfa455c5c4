"""A question about rare losses shown: its dataset, table, figure and page."""
