"""What a replay hands to the results layer: one path with every round of its cascades; NumPy only.

Axes: step; moment (0 = after the step's outside shock, r = after round r of trades); asset, member and book in the
order of `Problem`; trigger and cause in those of `results.dataset.components`. Amounts of a member are fractions of its
start NAV.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.results.statistics.simulation_output import PathTable
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Moments:
    """The path before round 1 of each step and after every round."""

    price: Floats  # (step, moment, asset) start = 1
    flow: Floats  # (step, moment, asset) recent signed flow J, fraction of ADV
    profit: Floats  # (step, moment, member) equity less NAV_0
    worst: Floats  # (step, moment, member) largest deficit of the step so far, 0 = none
    required: Floats  # (step, moment, member) margin requirement
    gross: Floats  # (step, moment, member) gross positions
    net: Floats  # (step, moment, member) net positions
    held: Floats  # (step, moment, book) share of the book's start size
    done: Bools  # (step, moment, book) its order was cut to the participation cap in this step
    causes: Floats  # (step, moment, cause, member) P&L of the step's cascade so far, in the order of `cause_names`


@dataclass(frozen=True)
class RecordedPath:
    """One path as the recording program computed it, and its figures as the ordinary program gives them."""

    problem: Problem
    groups: tuple[str, ...]  # reported funds in id order
    groups_file_order: tuple[str, ...]
    group_nav: Floats  # (row,) USD, the system last
    group_of: Ints  # (member,) row of the member's group
    moments: Moments
    rounds: Ints  # (step,) rounds traded
    sale: Floats  # (step, moment, book) fraction of the book sold in the round; moment 0: zeros
    build: Floats  # (step, moment, book) share of the start size added in the round
    asked: Floats  # (step, moment, trigger, book) fraction that each of `every_trigger` wanted sold, before the cap
    asked_build: Floats  # (step, moment, trigger, book) k that each of them wanted added, before the cap
    age: Ints  # (step, member) steps that the call open before the step's shock has been open, -1 = none
    size: Floats  # (step, member) its size
    draw: Floats  # (step, asset) log return of the outside draw
    outside_flow: dict[str, Floats]  # (step, asset) purchases of each outside flow, units as a fraction of ADV
    depth: Floats  # (step, asset) depth multiplier that the cascade met
    volatility: Floats  # (step, asset) realised volatility at the end of the step over its start
    outside: Floats  # (step, member) P&L of the outside shock
    rebound: Floats  # (step, member) P&L of the rebound
    profit_static: Floats  # (step, member) P&L so far, the start book held still
    call_open: Bools  # (step, member) at the end of the step
    defaulted: Bools  # (step, member)
    metrics: PathTable  # of the recording program
    outcome: PathTable  # of the program that the run used
    attrs: dict[str, Any] = field(default_factory=dict)  # provenance
