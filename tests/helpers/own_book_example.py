"""A small book: prices of six names and two currencies over 160 days, and two funds' positions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

NAMES = ("AAPL", "BRK.B", "BMW GY", "7203 JP", "WTI CL1", "COP")
DAYS = pd.bdate_range("2024-01-01", periods=160)


def prices(seed: int = 5) -> Any:
    """Daily closes (day, name): a common move, and more of their own; the last two columns are pairs of currencies."""
    rng = np.random.default_rng(seed)
    common = 0.008 * rng.standard_normal(len(DAYS))
    moves = {name: common + 0.01 * rng.standard_normal(len(DAYS)) for name in NAMES}
    moves |= {name: 0.005 * rng.standard_normal(len(DAYS)) for name in ("EURUSD", "USDJPY")}
    starts = dict(zip(moves, (180.0, 400.0, 90.0, 2500.0, 75.0, 110.0, 1.1, 150.0), strict=True))
    frame = pd.DataFrame({name: starts[name] * np.exp(np.cumsum(move)) for name, move in moves.items()}, index=DAYS)
    return frame.rename_axis("date")


def positions() -> Any:
    """Signed market values in USD of two funds."""
    rows = [
        ("pods", "AAPL", 30e6),
        ("pods", "BRK.B", -20e6),
        ("macro", "WTI CL1", 5e6),
        ("macro", "COP", 4e6),
        ("macro", "AAPL", -6e6),
    ]
    return pd.DataFrame(rows, columns=["fund", "ticker", "market value"])


def foreign() -> Any:
    """Quantities in the currency of each exchange."""
    rows = [("pods", "BMW GY", 1000, "EUR"), ("pods", "7203 JP", -2000, "JPY"), ("pods", "AAPL", 100, "USD")]
    return pd.DataFrame(rows, columns=["fund", "ticker", "quantity", "currency"])
