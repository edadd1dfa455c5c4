"""How prices, volatility and depth move."""
