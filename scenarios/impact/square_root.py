"""The square-root law: `coefficient`, `core`."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from stress.scenarios.impact.protocol import ByAsset, LawTable
from stress.scenarios.read.fields import Number, Table


class Keys(Table):
    """Keys of the law."""

    coefficient: Number = Field(default=1.0, ge=0, le=100, description="square_root: Y")
    core: Number = Field(default=1e-4, gt=0, le=1, description="square_root: linear below this participation")


class SquareRoot(NamedTuple):
    """Parameters of the law."""

    coefficient: float = 1.0  # Y
    core: float = 1e-4  # linear below this participation


class _Law(LawTable):
    name = "square_root"
    keys = Keys

    def parameters(self, table: Any, by_asset: ByAsset) -> SquareRoot:
        return SquareRoot(table.coefficient, table.core)


TABLE = _Law()
