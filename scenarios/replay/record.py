"""A replay, resolved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.scenarios.brief import Brief

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class Replay(Brief):
    """An episode of the library on the scenario's names; its moves are in `Shocks.script`."""

    episode: str
    moves: str  # "observed" or "news"
    because: str  # why these
    days: tuple[str, ...]  # dates, or "day 1"
    steps: tuple[int, ...]  # of each day, 1 is the first
    how: tuple[str, ...]  # (asset,) rule by which each follows, see `scenarios.replay.followed`
    exposures: tuple[dict[str, float], ...]  # (asset,) log return per log return, by asset of the library
    r_squared: tuple[float | None, ...]  # (asset,) of a regression
    residual: Floats  # (asset,) share of the standard deviation of the own draw that is left
    draws: Bools  # (asset,) drawn as ever
    freed: Bools  # (asset,) taken out of residuals
