"""The user's files as tables: positions, prices, volumes, funds, in the dialects in which they come."""
