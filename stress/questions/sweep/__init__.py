"""One scenario with other numbers, point by point, on the same draws."""
