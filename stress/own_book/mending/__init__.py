"""Faults of prices, each mended by a stated rule and named with instrument and day, or refused."""
