"""Numbers of stop-loss ladders."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.ramps import ramps
from stress.kernels.triggers.stop_loss import StopLoss
from stress.scenarios.problem import Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> StopLoss | None:
    """As arrays in float64; None where no book has a ladder."""
    table = problem.triggers.get("stop_loss")
    if table is None:
        return None
    books = problem.books
    row = books.first_tier
    start, width, slope, first_cut = ramps(table.drawdown[row], table.cut[row])
    has_ladder, on_fund = np.isfinite(table.drawdown[row, 0]), table.on_fund[row]
    capital = np.where(table.capital > 0, table.capital / problem.funds.nav[books.fund_of], 1.0)[row, None]
    arrays: dict[str, Any] = {
        "start": start,
        "width": width,
        "slope": slope,
        "first_cut": first_cut,
        "capital": capital if (has_ladder & ~on_fund).any() else None,
        "on_fund": on_fund[:, None] if (has_ladder & on_fund).any() else None,
    }
    return StopLoss(**arrays)
