"""Answers to questions about a scenario (sweep, reverse, sensitivity, ...): a folder each, listed in `registry`."""
