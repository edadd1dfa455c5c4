"""Groups of funds in a result."""
