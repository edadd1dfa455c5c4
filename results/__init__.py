"""Results: estimators, the labelled dataset, the run directory, tables and pictures; NumPy and xarray, no JAX."""
