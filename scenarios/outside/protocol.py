"""What an outside flow is on the side of the file: a table of its own, and its part in the attribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.scenarios.problem import Assets, Bools
from stress.scenarios.read.fields import Table


class OutsideTable:
    """One kind of buyer or seller; registered in `scenarios.outside.registry` under the name of its table.

    Attributes:
        name: of its table in the file.
        keys: the model of that table.
        component: its component of the attribution.
        caused_by: what that component is called in a sentence.
    """

    name: str
    keys: type[Table]
    component: str
    caused_by: str

    def record(self, table: Any, assets: Assets, source: str) -> Any:
        """The record in `Problem.outside`; `source` is the name of the file, for messages."""
        raise NotImplementedError

    def document(self, table: Any, record: Any, assets: Assets) -> dict[str, Any]:
        """Keys of its table that are worked out from others, in full."""
        return {}

    def traded(self, record: Any, assets: Assets) -> Bools:
        """Which assets it looks at or trades, (asset,)."""
        return np.ones(len(assets.ids), np.bool_)
