"""Retail dip-buying: `[retail]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.outside.protocol import OutsideTable
from stress.scenarios.problem import Assets, Bools, Floats
from stress.scenarios.read.fields import Fraction, Identifier, Money, Number, Table, refuse


class Keys(Table):
    """Dip-buying by households."""

    per_percent: Money = Field(ge=0, le=1e18, description="USD a day for each percent the index falls")
    cap: Money = Field(ge=0, le=1e18, description="USD a day")
    fatigue: Number = Field(default=0.2, ge=0, le=100, description="per down day in a row")
    budget: Money = Field(ge=0, le=1e18, description="USD in total")
    weights: dict[Identifier, Fraction] | None = Field(
        default=None, description="relative weights of index and purchases; default: US equity by adv"
    )

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the format that this version lacks."""
        return frozenset({"capitulation"})

    @field_validator("weights")
    @classmethod
    def _not_negative(cls, weights: dict[str, float] | None) -> dict[str, float] | None:
        for asset, weight in (weights or {}).items():
            if weight < 0:
                raise refuse("is negative", "relative weights of 0 or more", asset)
        if weights is not None and sum(weights.values()) <= 0:
            raise refuse("has no positive weight", "at least one weight above 0")
        return weights


@dataclass(frozen=True)
class Retail:
    """Dip-buying; amounts in USD."""

    per_percent: float  # USD a day bought for each percent the index falls; 0 = off
    cap: float  # USD a day
    fatigue: float  # per down day in a row before today
    budget: float  # USD in total
    weights: Floats  # (asset,) of index and purchases, sum 1


class _Retail(OutsideTable):
    name = "retail"
    keys = Keys
    component = "retail_offset"
    caused_by = "retail purchases"

    def record(self, table: Keys, assets: Assets, source: str) -> Retail:
        """Weights are the given ones, else the average daily volumes of US equity, scaled to sum 1.

        Names with loadings are left out of the default: what they move with stands for them.

        Raises:
            ScenarioError: an unknown asset, or no US equity to buy where no weights are given.
        """
        weights = _given(table.weights, assets, source) if table.weights is not None else _us_equity(assets, source)
        return Retail(table.per_percent, table.cap, table.fatigue, table.budget, weights / weights.sum())

    def document(self, table: Keys, record: Retail, assets: Assets) -> dict[str, Any]:
        if table.weights is not None:
            return {}
        return {"weights": {a: float(w) for a, w in zip(assets.ids, record.weights, strict=True) if w != 0}}

    def traded(self, record: Retail, assets: Assets) -> Bools:
        return record.weights > 0


def _given(weights: dict[str, float], assets: Assets, source: str) -> Floats:
    for asset, weight in weights.items():
        if asset not in assets.ids:
            raise ScenarioError(
                f"{asset!r} is no asset",
                file=source,
                key=f"retail.weights.{asset}",
                value=weight,
                allowed=suggest(asset, assets.file_order),
            )
    return np.array([weights.get(asset, 0.0) for asset in assets.ids])


def _us_equity(assets: Assets, source: str) -> Floats:
    bought = assets.leading_equities & np.array([region.lower() == "us" for region in assets.region])
    if not bought.any():
        raise ScenarioError(
            "is missing, and there is no equity asset of region us to default to",
            file=source,
            key="retail.weights",
            allowed="weights by asset",
        )
    return np.where(bought, assets.adv, 0.0)


TABLE = _Retail()
