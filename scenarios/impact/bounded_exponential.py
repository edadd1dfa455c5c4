"""Bounded impact: `c`, `tau`, `B`."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from stress.scenarios.impact.protocol import ByAsset, LawTable
from stress.scenarios.read.fields import Fraction, Number, Table


class Keys(Table):
    """Keys of the law."""

    c: Number = Field(default=0.4, gt=0, le=100, description="bounded_exponential: coefficient of depth")
    tau: Number = Field(default=20.0, gt=0, le=10_000, description="bounded_exponential: days of volume of depth")
    bound: Fraction = Field(
        default=0.5, ge=0, lt=1, alias="B", description="bounded_exponential: share of the price that always stays"
    )


class BoundedExponential(NamedTuple):
    """Parameters of the law."""

    depth_coefficient: float = 0.4  # c
    depth_days: float = 20.0  # tau
    bound: float = 0.5  # B, the price that a sale of any size leaves


class _Law(LawTable):
    name = "bounded_exponential"
    keys = Keys

    def parameters(self, table: Any, by_asset: ByAsset) -> BoundedExponential:
        return BoundedExponential(table.c, table.tau, table.bound)


TABLE = _Law()
