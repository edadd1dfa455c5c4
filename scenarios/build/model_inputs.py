"""What a shock model's numbers are worked out from: files read, numbers spread over assets, errors with whole keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from stress.scenarios.build.correlation import resolve_correlation
from stress.scenarios.build.margin import by_asset_or_class
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Assets, Floats
from stress.scenarios.read.labelled import read_labelled
from stress.scenarios.read.returns import read_returns
from stress.scenarios.schema.correlation import Correlation
from stress.scenarios.schema.scenario import Scenario


class ModelInputs:
    """`scenarios.shocks.protocol.Given` of a scenario; it also remembers how far matrices were moved by repairs."""

    def __init__(self, scenario: Scenario, assets: Assets, correlation: Floats) -> None:
        self.assets = assets
        self.steps_per_day = scenario.horizon.steps_per_day
        self.correlation = correlation
        self.repaired: list[float] = []  # Frobenius distances
        self._scenario = scenario
        self._table = f"shocks.{scenario.shocks.model}" if scenario.shocks is not None else "shocks"

    def by_asset(self, value: float | Mapping[str, float], key: str) -> Floats:
        """One number, or a table by asset id or class, as (asset,); raises ScenarioError where an asset has none."""
        if not isinstance(value, Mapping):
            return np.full(len(self.assets.ids), value, np.float64)
        found = by_asset_or_class(self._scenario, value, f"{self._table}.{key}", self.assets)
        for asset, number in zip(self.assets.ids, found, strict=True):
            if number is None:
                allowed = "a number for every asset: by its id, by its class, or one for all"
                raise self.refused("is missing", f"{key}.{asset}", None, allowed)
        return np.array([number for number in found if number is not None])

    def matrix(self, table: Correlation | None, key: str, names: Sequence[str], order: Sequence[str]) -> Floats:
        """A correlation matrix of `names`; raises ScenarioError as `resolve_correlation`."""
        files, tied = self._scenario.files, self.assets.tied if names == self.assets.ids else {}
        found, distance = resolve_correlation(table, names, order, files, f"{self._table}.{key}", tied)
        self.repaired.append(distance)
        return found

    def rows(self, source: str | Mapping[str, Mapping[str, float]], key: str) -> dict[str, dict[str, float]]:
        """Numbers by row and column, of a labelled CSV file or a table of tables; raises ScenarioError."""
        if isinstance(source, Mapping):
            return {name: dict(row) for name, row in source.items()}
        table = read_labelled(source, f"{self._table}.{key}", self._scenario.files)
        rows = zip(table.rows, table.values.tolist(), strict=True)
        return {label: dict(zip(table.columns, numbers, strict=True)) for label, numbers in rows}

    def returns(self, source: str | Mapping[str, Sequence[float]], kind: str, key: str) -> Floats:
        """A history of daily log returns, (asset, day); raises ScenarioError as `read_returns`."""
        return read_returns(source, kind, f"{self._table}.{key}", self.assets.ids, self._scenario.files)

    def refused(self, problem: str, key: str, value: object, allowed: str) -> ScenarioError:
        """An error that names the file and the whole key."""
        at = f"{self._table}.{key}"
        return ScenarioError(problem, file=self._scenario.source, key=at, value=value, allowed=allowed)
