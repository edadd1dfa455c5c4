"""Numbers of volatility targets."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.books import shape_rows
from stress.kernels.triggers.vol_target import VolTarget
from stress.scenarios.problem import TRADING_DAYS, Problem


def record(problem: Problem, dtype: np.dtype[Any]) -> VolTarget | None:
    """As arrays in float64; None where no fund has a target."""
    table, per_day = problem.triggers.get("vol_target"), problem.steps_per_day
    if table is None:
        return None
    memory = 0.97 ** (1.0 / per_day)
    books = problem.books
    cut = np.bincount(books.manager_of)[books.manager_of] > 1
    by_manager = bool((cut & np.isfinite(table.ceiling)).any())
    of_manager = books.shape_of[books.first_tier]
    variance = table.start_vol[of_manager if by_manager else shape_rows(problem)] ** 2 / (TRADING_DAYS * per_day)
    news = ((1.0 - memory) / np.where(variance > 0, variance, 1.0))[:, None]
    arrays: dict[str, Any] = {
        "ceiling": table.ceiling[:, None],
        "speed": (1.0 - (1.0 - table.speed) ** (1.0 / per_day))[:, None],
        "memory": np.float64(memory),
        "news": news,
        "gross": (books.size / problem.funds.nav[books.fund_of])[:, None] if by_manager else None,
    }
    return VolTarget(**arrays)
