"""Exponential impact: `pi`, `outstanding`."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from pydantic import Field, field_validator

from stress.scenarios.impact.protocol import ByAsset, LawTable, OneOrByAsset, positive
from stress.scenarios.problem import Floats
from stress.scenarios.read.fields import AmountsByAsset, Fraction, Table

SOLD = 0.05  # of what is outstanding: the sale to which `pi` belongs


class Keys(Table):
    """Keys of the law."""

    pi: Fraction | None = Field(
        default=None, gt=0, lt=1, description="exponential: fall when 5 % of what is outstanding is sold"
    )
    outstanding: AmountsByAsset | None = Field(
        default=None, description="exponential: USD; one, or by asset id or asset class"
    )

    @field_validator("outstanding")
    @classmethod
    def _outstanding_is_positive(cls, value: OneOrByAsset) -> OneOrByAsset:
        return positive(value)


class Exponential(NamedTuple):
    """Parameters of the law."""

    beta: float  # -ln(1 - pi)/0.05
    outstanding: Floats  # (asset,) USD


class _Law(LawTable):
    name = "exponential"
    keys = Keys
    required = ("pi", "outstanding")

    def parameters(self, table: Any, by_asset: ByAsset) -> Exponential:
        return Exponential(-math.log1p(-table.pi) / SOLD, by_asset(table.outstanding, "outstanding"))


TABLE = _Law()
