"""A scenario file of two levered funds in two assets, small and quick: what sweeps and sensitivities are tried on."""

from __future__ import annotations

TWO_FUNDS = """
schema = 1
name = "two"
horizon = { steps = 2 }
assets = [
    { id = "a", asset_class = "equity", region = "us", vol = "40 %", adv = "2 bn USD", margin = "20 %" },
    { id = "b", asset_class = "equity", region = "us", vol = "30 %", adv = "3 bn USD", margin = "20 %" },
]
correlation = { constant = 0.3 }
shocks = { model = "gaussian", scale = 2.0 }
margin = { method = "haircut" }
impact = { law = "square_root" }
funds = [
    { id = "one", strategy = "x", region = "us", nav = "1 bn USD", gross = 4, positions = { a = 1, b = 1 } },
    { id = "two", strategy = "x", region = "us", nav = "2 bn USD", positions = { a = 3.0, b = -0.5 } },
]
"""
