"""GJR-GARCH(1,1): `alpha`, `gamma`, `beta`, `start`, `numbers`, `innovations`."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from stress.scenarios.conditions.law import Part
from stress.scenarios.conditions.record import Condition
from stress.scenarios.errors import suggest
from stress.scenarios.problem import Floats, Shocks
from stress.scenarios.read.fields import NumbersByAsset, Rows, Table
from stress.scenarios.shocks.protocol import Given, ShockTable

HIGHEST_START = 1_000.0
COLUMNS = ("alpha", "gamma", "beta", "start")
MOST_WEIGHTED = 8  # moves of several assets that a step may fix: the kernel takes one after the other


class VarianceKeys(Table):
    """Keys of the recursion; each is one number, or a table by asset id or class."""

    alpha: NumbersByAsset = Field(default=0.03, description="what yesterday's square adds to today's variance")
    gamma: NumbersByAsset = Field(default=0.10, description="what it adds on top after a fall")
    beta: NumbersByAsset = Field(default=0.90, description="share of yesterday's variance that stays")
    numbers: Rows | None = Field(
        default=None,
        description="a labelled CSV, an asset a row, or a table of tables: columns alpha, gamma, beta and, of garch, "
        "start, or some of them, in place of these keys",
    )


class GarchKeys(VarianceKeys):
    """Volatility that clusters: h' = omega + (alpha + gamma [r < 0]) r^2 + beta h a day, shock_vol in the long run."""

    start: NumbersByAsset = Field(default=1.0, description="variance of the first day over the long-run one")
    innovations: Literal["student_t", "gaussian"] = Field(default="student_t", description="student_t reads shocks.dof")


class Variance(NamedTuple):
    """Numbers of the recursion, each (asset,)."""

    alpha: Floats
    gamma: Floats
    beta: Floats
    persistence: Floats  # alpha + gamma E[z^2; z < 0] + beta
    start: Floats  # variance of the first day over the long-run one


def numbers_of(table: Any, given: Given) -> dict[str, Floats]:
    """Each of `COLUMNS`, (asset,), from its column of `numbers` or from its own key; start of garch alone.

    Raises:
        ScenarioError: rows that are not the assets, other columns, a key that has a column too.
    """
    keys = [key for key in COLUMNS if key != "start" or isinstance(table, GarchKeys)]
    if table.numbers is None:
        return {key: given.by_asset(getattr(table, key), key) for key in keys}
    rows, ids = given.rows(table.numbers, "numbers"), given.assets.ids
    for asset in rows:
        if asset not in ids:
            raise given.refused(f"{asset!r} is no asset", f"numbers.{asset}", None, suggest(asset, ids))
    columns = dict.fromkeys(column for row in rows.values() for column in row)
    for column in columns:
        if column not in COLUMNS:
            raise given.refused(f"{column!r} is no column", "numbers", None, ", ".join(COLUMNS))
        if column in keys and column in table.model_fields_set:
            raise given.refused("is given twice", column, getattr(table, column), "the key, or its column of numbers")
    for asset in ids:
        if missing := [column for column in columns if column not in rows.get(asset, {})]:
            raise given.refused(f"lacks {missing[0]}", f"numbers.{asset}", None, "a number for every asset")
    found = {key: np.array([rows[asset][key] for asset in ids], np.float64) for key in keys if key in columns}
    return found | {key: given.by_asset(getattr(table, key), key) for key in keys if key not in columns}


def keys_in_full(table: Any, given: Given) -> dict[str, Any]:
    """The keys by asset that `numbers` stands for, for the document, and nothing in its place."""
    if table.numbers is None:
        return {}
    by_key = numbers_of(table, given).items()
    return {"numbers": None} | {key: dict(zip(given.assets.ids, x.tolist(), strict=True)) for key, x in by_key}


def variance(table: Any, given: Given, numbers: dict[str, Floats], start: Floats, falls: Floats | float) -> Variance:
    """The numbers of a table.

    Args:
        table: with `VarianceKeys`.
        given: what they are worked out from.
        numbers: from `numbers_of`.
        start: variance of the first day over the long-run one, (asset,).
        falls: `E[z^2; z < 0]` of the innovations, whose variance is 1.

    Raises:
        ScenarioError: a negative variance, or one without a long-run value.
    """
    alpha, gamma, beta = (numbers[key] for key in ("alpha", "gamma", "beta"))
    persistence = alpha + gamma * falls + beta
    for key, values, wrong, allowed in (
        ("alpha", alpha, alpha < 0, "0 or more"),
        ("beta", beta, beta < 0, "0 or more"),
        ("gamma", gamma, alpha + gamma < 0, "alpha + gamma of 0 or more"),
        (
            "beta",
            persistence,
            persistence >= 1,
            "alpha + gamma/2 + beta below 1, as there is no long-run variance else",
        ),
        ("start", start, (start < 0) | (start > HIGHEST_START), f"between 0 and {HIGHEST_START:g}"),
    ):
        if wrong.any():
            i = int(wrong.argmax())
            what = "makes alpha + gamma/2 + beta" if values is persistence else "is"
            raise given.refused(f"{what} {values[i]:g} for {given.assets.ids[i]}", key, getattr(table, key), allowed)
    return Variance(alpha, gamma, beta, persistence, start)


class _Garch(ShockTable):
    keys = GarchKeys
    daily = True

    def parameters(self, table: GarchKeys, given: Given) -> Variance:
        numbers = numbers_of(table, given)
        return variance(table, given, numbers, numbers["start"], falls=0.5)

    def document(self, table: GarchKeys, parameters: Variance, given: Given) -> dict[str, Any]:
        return keys_in_full(table, given)

    def without_law(self, shocks: Shocks, condition: Condition) -> tuple[str, object, str] | None:
        weighted = [key for key, row in zip(condition.keys, condition.rows, strict=True) if (row != 0).sum() > 1]
        if len(weighted) <= MOST_WEIGHTED:
            return None
        allowed = f"{MOST_WEIGHTED} moves of classes and sectors at most at a step under garch; any number of assets"
        return f"has {len(weighted)} moves of classes and sectors", weighted, allowed

    def parts(
        self, shocks: Shocks, deviation: Floats, mean: Floats, steps_per_day: int, condition: Condition
    ) -> list[Part]:
        """One part with the variance that is expected for that step; on each path it is the path's own."""
        p: Variance = shocks.parameters
        ratio = 1.0 + (p.start - 1.0) * p.persistence ** (condition.step - 1)
        return super().parts(shocks, deviation * np.sqrt(ratio), mean, steps_per_day, condition)


TABLE = _Garch()
