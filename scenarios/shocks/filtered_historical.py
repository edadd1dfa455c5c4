"""Residual days of a GARCH filter: `returns`, `kind`, `mean_block`, `alpha`, `gamma`, `beta`, `start`."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.conditions.record import Condition
from stress.scenarios.problem import Floats, Shocks
from stress.scenarios.read.fields import Number, NumbersByAsset
from stress.scenarios.shocks.bootstrap import HistoryKeys, HistoryTable, standardised
from stress.scenarios.shocks.garch import Variance, VarianceKeys, variance
from stress.scenarios.shocks.protocol import Given


class FilteredHistoricalKeys(HistoryKeys, VarianceKeys):
    """Days of a history freed of its GARCH volatility, drawn anew and given that of the path."""

    mean_block: Number = Field(default=1.0, ge=1, le=10_000, description="mean length of a block, days; 1: none")
    start: NumbersByAsset | Literal["history"] = Field(
        default="history",
        description="variance of the first day over the long-run one; history: that of the day after its last",
    )


class FilteredHistorical(NamedTuple):
    """Numbers of the model."""

    history: Floats  # (asset, day) log returns as given
    days: Floats  # (asset, day) residuals with mean 0 and variance 1
    variance: Variance
    mean_block: float  # days


def filtered(returns: Floats, alpha: Floats, gamma: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """Returns over the deviations of a GJR-GARCH filter, and the variance of the day after the last.

    Args:
        returns: (asset, day) with mean 0 and variance 1.
        alpha: (asset,); likewise the others.
        gamma: of falls.
        beta: of the variance before.

    Returns:
        Residuals (asset, day), and a variance over that of the whole history, (asset,).
    """
    squares = returns**2
    falls = np.where(returns < 0, squares, 0.0).mean(axis=1)
    omega = 1.0 - alpha - gamma * falls - beta * (squares.mean(axis=1) > 0)
    ratio, residuals = np.ones(len(returns)), np.empty_like(returns)
    for day in range(returns.shape[1]):
        residuals[:, day] = returns[:, day] / np.sqrt(ratio)
        heard = np.where(returns[:, day] < 0, alpha + gamma, alpha)
        ratio = omega + heard * squares[:, day] + beta * ratio
    return residuals, ratio


class _FilteredHistorical(HistoryTable):
    keys = FilteredHistoricalKeys

    def parameters(self, table: FilteredHistoricalKeys, given: Given) -> FilteredHistorical:
        history = given.returns(table.returns, table.kind, "returns")
        returns, one = standardised(history), np.ones(len(given.assets.ids))
        falls = np.where(returns < 0, returns**2, 0.0).mean(axis=1)
        first = variance(table, given, one, falls)
        residuals, last = filtered(returns, first.alpha, first.gamma, first.beta)
        days = standardised(residuals)
        start = last if isinstance(table.start, str) else given.by_asset(table.start, "start")
        falls = np.where(days < 0, days**2, 0.0).mean(axis=1)
        return FilteredHistorical(history, days, variance(table, given, start, falls), table.mean_block)

    def unit(self, shocks: Shocks, deviation: Floats) -> Floats:
        found: Floats = deviation * np.sqrt(shocks.parameters.variance.start)
        return found

    def without_law(self, shocks: Shocks, condition: Condition) -> tuple[str, object, str] | None:
        if condition.step == 1:
            return None
        allowed = "step 1 under filtered_historical: later on every path has a variance, and so a kernel, of its own"
        return "is on a later step", condition.step, allowed


TABLE = _FilteredHistorical()
