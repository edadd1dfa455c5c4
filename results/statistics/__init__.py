"""Sums, histograms, tails and estimators; NumPy in, NumPy out."""
