"""How a sensitivity analysis is shown: what the figures depend on, and how far they could be off."""
