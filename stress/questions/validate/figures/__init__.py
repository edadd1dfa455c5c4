"""The figures of a run's result against plain NumPy: from its own paths, and from those of the reference."""
