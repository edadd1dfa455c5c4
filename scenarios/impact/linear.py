"""Linear impact: `lambda`."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field, field_validator

from stress.scenarios.impact.protocol import ByAsset, LawTable, OneOrByAsset, positive
from stress.scenarios.problem import Floats
from stress.scenarios.read.fields import NumbersByAsset, Table


class Keys(Table):
    """Keys of the law."""

    slope: NumbersByAsset | None = Field(
        default=None, alias="lambda", description="linear: simple change per USD; one, or by asset id or asset class"
    )

    @field_validator("slope")
    @classmethod
    def _slope_is_positive(cls, value: OneOrByAsset) -> OneOrByAsset:
        return positive(value)


class Linear(NamedTuple):
    """Parameters of the law."""

    slope: Floats  # (asset,) simple change per USD


class _Law(LawTable):
    name = "linear"
    keys = Keys
    required = ("lambda",)

    def parameters(self, table: Any, by_asset: ByAsset) -> Linear:
        return Linear(by_asset(table.slope, "lambda"))


TABLE = _Law()
