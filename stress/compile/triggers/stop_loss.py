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
    nav = problem.funds.nav[problem.books.fund_of]
    start, width, slope, first_cut = ramps(table.drawdown, table.cut)
    has_ladder = np.isfinite(table.drawdown[:, 0])
    capital = np.where(table.capital > 0, table.capital / nav, 1.0)[:, None]
    arrays: dict[str, Any] = {
        "start": start,
        "width": width,
        "slope": slope,
        "first_cut": first_cut,
        "capital": capital if (has_ladder & ~table.on_fund).any() else None,
        "on_fund": table.on_fund[:, None] if (has_ladder & table.on_fund).any() else None,
    }
    return StopLoss(**arrays)
