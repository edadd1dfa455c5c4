"""Tests of forecasts against what came: one a file, arrays in and small records out."""
