"""The model in plain NumPy, to be read beside its description: every mechanism, one path at a time, no speed."""
