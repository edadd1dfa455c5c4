"""Factors: `loadings`, `factor_vol`, `innovations`, `correlation`."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.conditions.law import Part
from stress.scenarios.conditions.record import Condition
from stress.scenarios.errors import suggest
from stress.scenarios.problem import ROUNDING, Floats, Shocks
from stress.scenarios.read.fields import FractionsByAsset, Rows, Table
from stress.scenarios.schema.correlation import Correlation
from stress.scenarios.shocks.protocol import Given, ShockTable

SPECIFIC = "specific_vol"  # the column beside those of the factors
MOST_FACTORS = 500


class FactorKeys(Table):
    """Few factors move many assets: r = B f + e."""

    loadings: Rows = Field(
        description="a labelled CSV, an asset a row and a factor a column, or a table of tables; `specific_vol` beside "
        "the factors: annual volatility of what is the asset's own. Without it that is what is left of shock_vol"
    )
    factor_vol: FractionsByAsset = Field(default=1.0, description="annual volatility of the factors: one, or by factor")
    innovations: Literal["gaussian", "student_t"] = Field(default="gaussian", description="student_t reads shocks.dof")
    correlation: Correlation | None = Field(default=None, description="of the factors; default: independent")


class Factor(NamedTuple):
    """Numbers of the model: an asset's draw is its standard deviation times `weights f + specific e`, of variance 1."""

    names: tuple[str, ...]  # (factor,) sorted
    weights: Floats  # (asset, factor) on independent normals
    specific: Floats  # (asset,)
    loadings: Floats  # (asset, factor) as given
    specific_vol: Floats | None  # (asset,) as given
    between: Floats | None  # (factor, factor) correlation


class _Factor(ShockTable):
    keys = FactorKeys
    required = ("loadings",)
    correlated = False

    def parameters(self, table: FactorKeys, given: Given) -> Factor:
        order, names, loadings, specific_vol = self._loadings(table, given)
        vol = self._factor_vol(table, names, given)
        between = None
        if table.correlation is not None:
            between = given.matrix(table.correlation, "correlation", names, order)
        root = np.eye(len(names)) if between is None else _root(between)
        common = (loadings * vol) @ root
        by_factors = (common**2).sum(axis=1)
        asked = given.assets.shock_vol**2
        left = asked - by_factors if specific_vol is None else specific_vol**2
        if (left < -ROUNDING * by_factors).any():
            i = int((left / np.maximum(by_factors, 1e-300)).argmin())
            raise given.refused(
                f"gives {given.assets.ids[i]} a volatility of {np.sqrt(by_factors[i]):.4g} by factors alone",
                f"loadings.{given.assets.ids[i]}",
                None,
                f"shock_vol ({given.assets.shock_vol[i]:g}) at most, or a column {SPECIFIC}",
            )
        left = np.maximum(left, 0.0)
        total = np.sqrt(by_factors + left)
        if (still := (total == 0) & (asked > 0)).any():
            i = int(still.argmax())
            problem, key = f"leaves {given.assets.ids[i]} without any move", f"loadings.{given.assets.ids[i]}"
            raise given.refused(problem, key, None, "a loading or a specific_vol other than 0, as shock_vol is")
        total = np.where(total > 0, total, 1.0)
        return Factor(names, common / total[:, None], np.sqrt(left) / total, loadings, specific_vol, between)

    def _loadings(
        self, table: FactorKeys, given: Given
    ) -> tuple[tuple[str, ...], tuple[str, ...], Floats, Floats | None]:
        """Factors in the order of the file and sorted, loadings (asset, factor) and specific volatilities (asset,)."""
        rows, ids = given.rows(table.loadings, "loadings"), given.assets.ids
        if missing := [asset for asset in ids if asset not in rows]:
            raise given.refused(f"lacks {missing[0]}", "loadings", None, "a row for every asset")
        for asset in rows:
            if asset not in ids:
                raise given.refused(f"{asset!r} is no asset", f"loadings.{asset}", None, suggest(asset, ids))
        order = tuple(dict.fromkeys(name for asset in rows for name in rows[asset] if name != SPECIFIC))
        if not 1 <= len(order) <= MOST_FACTORS:
            raise given.refused(f"has {len(order)} factors", "loadings", None, f"1 to {MOST_FACTORS} factors")
        names = tuple(sorted(order))
        loadings = np.array([[rows[asset].get(name, 0.0) for name in names] for asset in ids])
        own = [rows[asset].get(SPECIFIC) for asset in ids]
        if all(value is None for value in own):
            return order, names, loadings, None
        for asset, value in zip(ids, own, strict=True):
            if value is None or value < 0:
                allowed = "0 or more for every asset, or the column for none"
                raise given.refused("is missing or negative", f"loadings.{asset}.{SPECIFIC}", value, allowed)
        return order, names, loadings, np.array(own, np.float64)

    def _factor_vol(self, table: FactorKeys, names: tuple[str, ...], given: Given) -> Floats:
        vol = table.factor_vol
        if isinstance(vol, dict) and set(vol) != set(names):
            wrong = sorted(set(vol) ^ set(names))[0]
            problem = "is missing" if wrong in names else f"{wrong!r} is no factor"
            raise given.refused(problem, f"factor_vol.{wrong}", None, f"a number for each of {', '.join(names)}")
        found = np.array([vol[name] if isinstance(vol, dict) else vol for name in names], np.float64)
        if (found < 0).any():
            raise given.refused("is negative", "factor_vol", vol, "0 or more")
        return found

    def correlation(self, parameters: Factor, given: Given) -> Floats:
        matrix: Floats = parameters.weights @ parameters.weights.T
        np.fill_diagonal(matrix, 1.0)
        return matrix

    def parts(
        self, shocks: Shocks, deviation: Floats, mean: Floats, steps_per_day: int, condition: Condition
    ) -> list[Part]:
        """One part, without a matrix of assets by assets."""
        p, scaled = shocks.parameters, (condition.rows * deviation).T
        with_rows = deviation[:, None] * (p.weights @ (p.weights.T @ scaled) + p.specific[:, None] ** 2 * scaled)
        return [Part(1.0, mean, deviation**2, with_rows, shocks.dof)]

    def document(self, table: FactorKeys, parameters: Factor, given: Given) -> dict[str, Any]:
        rows = {}
        for i, asset in enumerate(given.assets.ids):
            rows[asset] = dict(zip(parameters.names, parameters.loadings[i].tolist(), strict=True))
            if parameters.specific_vol is not None:
                rows[asset][SPECIFIC] = float(parameters.specific_vol[i])
        found: dict[str, Any] = {"loadings": rows}
        if parameters.between is not None:
            found["correlation"] = {"matrix": _labelled(parameters.between, parameters.names)}
        return found


def _labelled(matrix: Floats, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    rows = zip(names, matrix.tolist(), strict=True)
    return {name: dict(zip(names, row, strict=True)) for name, row in rows}


def _root(matrix: Floats) -> Floats:
    """L with `L L' = matrix`, also of a singular one."""
    values, vectors = np.linalg.eigh(matrix)
    try:
        return np.asarray(np.linalg.cholesky(matrix), np.float64)
    except np.linalg.LinAlgError:
        root: Floats = vectors * np.sqrt(np.maximum(values, 0.0))
        return root


TABLE = _Factor()
