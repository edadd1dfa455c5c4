"""Paths on devices, gathered: what a run computes and how."""
