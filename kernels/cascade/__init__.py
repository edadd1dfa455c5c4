"""One step's rounds of forced trades: orders, trades, and whose doing the losses are."""
