"""A condition on the draw, resolved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.scenarios.brief import Brief

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Condition(Brief):
    """Moves of the draw that are fixed at one step: `rows @ draw = log_moves`, where draws are what is assets' own."""

    step: int  # 1 is the first
    keys: tuple[str, ...]  # (row,) of what: an asset id, a class or a sector
    moves: Floats  # (row,) simple returns
    weights: Floats  # (row, asset) of whole draws, what comes by loadings included; they sum to 1
    rows: Floats  # (row, asset) what that is of own draws; `weights` where nobody has loadings
    bandwidth: float | None = None  # of the kernel of a history's days; None: by rule

    @property
    def log_moves(self) -> Floats:
        """What the weighted log return of each row is, (row,)."""
        return np.log1p(self.moves)
