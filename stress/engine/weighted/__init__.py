"""Paths with weights: which are drawn and which are simulated serves one question."""
