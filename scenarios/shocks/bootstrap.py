"""Days of a history: `returns`, `kind`, `mean_block`."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.problem import Floats
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


def in_full(history: Floats, given: Given) -> dict[str, Any]:
    """A history as it stands in the canonical document."""
    columns = zip(given.assets.ids, history.tolist(), strict=True)
    return {"returns": dict(columns), "kind": "log"}


class _Bootstrap(ShockTable):
    keys = BootstrapKeys
    required = ("returns",)
    daily = True
    correlated = False

    def parameters(self, table: BootstrapKeys, given: Given) -> Bootstrap:
        history = given.returns(table.returns, table.kind, "returns")
        return Bootstrap(history, standardised(history), table.mean_block)

    def correlation(self, parameters: Bootstrap, given: Given) -> Floats:
        return correlation_of_days(parameters.days)

    def document(self, table: BootstrapKeys, parameters: Bootstrap, given: Given) -> dict[str, Any]:
        return in_full(parameters.history, given)


def correlation_of_days(days: Floats) -> Floats:
    """Correlation of standardised returns (asset, day)."""
    matrix: Floats = days @ days.T / days.shape[1]
    np.fill_diagonal(matrix, 1.0)
    return matrix


TABLE = _Bootstrap()
