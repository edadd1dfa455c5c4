"""What a search for shocks hands to the results layer; NumPy only, assets and funds in the order of `Problem`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shock:
    """One shock with which the event happens. Rows are funds, groups and, last, the system."""

    norm: float  # distance in standard normals from the shock without any
    step_norm: Floats  # (step,) part of each step
    moves: Floats  # (step, asset) simple returns, the scenario's script included; of own draws where there are loadings
    contribution: Floats  # (asset,) first-order part of the loss of `who` with sales, fraction of its NAV
    contribution_static: Floats  # (asset,) likewise of the book held still
    amount: float  # of the event's measure; of an event without one 1
    amount_below: float  # of the same shock, 1e-4 smaller
    happens_below: bool  # whether it happens then
    leaves_again: bool  # whether there are larger shocks of the same direction with which it does not happen
    days: int  # steps on which the same shock, moved as a whole, brings it about, its own among them
    prob_days: float  # sum of the probabilities of their half-spaces
    start: str  # what it was found from
    metrics: dict[str, Floats]  # (row,) of the path
    first_call_step: npt.NDArray[np.int64]  # (row,)
    defaulted: npt.NDArray[np.bool_]  # (row,)


@dataclass(frozen=True)
class Reverse:
    """The answer."""

    problem: Problem
    event: str  # as written
    measure: str
    who: str
    bound: float
    chosen: str  # why this event, where none was asked for
    size: int  # normals of a path
    shocks: tuple[Shock, ...]  # the most plausible first
    paths: int  # of the plain run
    hits: int  # on which it happened
    mean_moves: Floats | None  # (step, asset) mean simple returns of these paths; None: there are none
    mean_norm: float  # norm of their mean normals; NaN without
    rows: tuple[str, ...]  # of metrics
    funds_file_order: tuple[str, ...]
    nav: Floats  # (row,) USD
    simulated: int  # paths through the cascade that the search took
    stories: tuple[xr.DataTree, ...] = ()  # of the first shocks
    attrs: dict[str, Any] = field(default_factory=dict)
