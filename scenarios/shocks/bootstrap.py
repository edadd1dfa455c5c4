"""Days of a history: `returns`, `kind`, `mean_block`."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.conditions.days import Kernel, kernel_of_days
from stress.scenarios.conditions.law import Part
from stress.scenarios.conditions.record import Condition
from stress.scenarios.problem import Floats, Shocks
from stress.scenarios.read.fields import Columns, Number, Table
from stress.scenarios.shocks.protocol import Given, ShockTable


class HistoryKeys(Table):
    """Keys of a history of days."""

    returns: Columns = Field(
        description="daily returns: a CSV file, a day a row (date first) and an asset a column, or lists by asset id"
    )
    kind: Literal["simple", "log"] = Field(default="simple", description="of the returns")


class BootstrapKeys(HistoryKeys):
    """Days of a history in blocks of random length; shock_vol and drift of the scenario, the rest of the history."""

    mean_block: Number = Field(default=10.0, ge=1, le=10_000, description="mean length of a block, days; 1: none")


class Bootstrap(NamedTuple):
    """Numbers of the model."""

    history: Floats  # (asset, day) log returns as given
    days: Floats  # (asset, day) with mean 0 and variance 1; 0 of what does not move
    mean_block: float  # days


def standardised(values: Floats) -> Floats:
    """Each row with mean 0 and variance 1; (asset, day)."""
    apart = values - values.mean(axis=1, keepdims=True)
    deviation = np.sqrt((apart**2).mean(axis=1, keepdims=True))
    unit: Floats = np.divide(apart, deviation, out=np.zeros_like(apart), where=deviation > 0)
    return unit


class HistoryTable(ShockTable):
    """A model that draws days of a history: its parameters have the `history` and the `days` that are drawn."""

    required = ("returns",)
    daily = True
    correlated = False

    def correlation(self, parameters: Any, given: Given) -> Floats:
        """That of the days, (asset, asset)."""
        matrix: Floats = parameters.days @ parameters.days.T / parameters.days.shape[1]
        np.fill_diagonal(matrix, 1.0)
        return matrix

    def unit(self, shocks: Shocks, deviation: Floats) -> Floats:
        """Standard deviation of the step that a condition may be on, (asset,)."""
        return deviation

    def parts(
        self, shocks: Shocks, deviation: Floats, mean: Floats, steps_per_day: int, condition: Condition
    ) -> list[Part]:
        """One part with the covariance of the days, by which distances are measured."""
        unit, days = self.unit(shocks, deviation), shocks.parameters.days
        with_rows = unit[:, None] * (days @ (days.T @ (condition.rows * unit).T)) / days.shape[1]
        return [Part(1.0, mean, unit**2, with_rows)]

    def picked_days(self, shocks: Shocks, deviation: Floats, mean: Floats, condition: Condition) -> Kernel:
        """Days near the condition are likely, far ones are not."""
        (part,) = self.parts(shocks, deviation, mean, 1, condition)
        days = self.unit(shocks, deviation)[:, None] * shocks.parameters.days + mean[:, None]
        return kernel_of_days(
            condition.rows @ days, condition.log_moves, condition.rows @ part.across, condition.bandwidth
        )

    def document(self, table: HistoryKeys, parameters: Any, given: Given) -> dict[str, Any]:
        """The history in full."""
        columns = zip(given.assets.ids, parameters.history.tolist(), strict=True)
        return {"returns": dict(columns), "kind": "log"}


class _Bootstrap(HistoryTable):
    keys = BootstrapKeys

    def parameters(self, table: BootstrapKeys, given: Given) -> Bootstrap:
        history = given.returns(table.returns, table.kind, "returns")
        return Bootstrap(history, standardised(history), table.mean_block)


TABLE = _Bootstrap()
