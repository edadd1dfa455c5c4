"""The laws of the shock models in NumPy, fitted to a window of returns; one a file."""
