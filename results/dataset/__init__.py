"""The labelled dataset: one group a file, names, units and coordinates."""
