"""Forecasts of each shock model on the user's own history and book, held against what came."""
