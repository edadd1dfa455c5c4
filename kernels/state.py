"""One tile of paths between two steps; the path axis is last and contiguous.

Money of a fund is a fraction of its start NAV; flows are fractions of an asset's average daily volume (ADV).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array

from stress.kernels.cascade.today import Today
from stress.kernels.course import Course
from stress.kernels.margin.calls import Calls
from stress.kernels.margin.terms import StepTerms
from stress.kernels.outside.flows import OutsideState


class Counts(NamedTuple):
    """What is counted rather than hidden."""

    at_round_limit: Array  # (path,) bool
    draws_clipped: Array  # (path,) int32
    forced_usd: Array  # (1, path) bn USD of forced flow, absolute per asset and step
    beyond_depth_usd: Array  # (1, path) of it in steps where it exceeded a day's depth g ADV
    at_impact_floor: Array  # (path,) int32 steps in which a law of impact was cut at its floor


class State(NamedTuple):
    """The tile. Rows that a structure does not need have length 0."""

    price: Array  # (asset, path)
    flow: Array  # (asset, path) recent signed flow J, fraction of ADV
    displacement: Array  # (asset, path) D, what flow has moved the log price by and time has not given back
    of_flow: Array  # (asset, path) what the law makes of the recent flow, F(J), at the current depth
    forced: Array  # (asset, path) signed forced flow of the last step, fraction of ADV
    variance: Array  # (asset, path) sigma^2 / sigma_0^2
    depth: Array  # (asset, path) g
    held: Array  # (book, path) k
    profit: Array  # (member, path) equity less NAV_0, over NAV_0: rounded where it is small
    book_pnl: Array  # (manager, path) P&L of managers' books, fraction of the fund's NAV_0
    calls: Calls
    defaulted: Array  # (member, path) bool
    sold: Array  # (member, path)
    built: Array  # (member, path)
    added: Array  # (book, path) k that books have added since the start
    course: Course
    static_change: Array  # (asset, path) price - 1 of the twin, in which nobody trades
    static_trough: Array  # (row, path)
    any_flow: Array  # () bool: some path of the tile has traded
    triggers: dict[str, Any]  # own state of each trigger that is on
    outside: OutsideState
    today: Today
    forced_recent: Array  # (asset, path) recent flow J of forced orders alone; for the attribution with outside flows
    of_forced: Array  # (asset, path) F of it at the current depth
    counts: Counts

    @property
    def equity(self) -> Array:
        """Equity of each fund, (member, path), fraction of NAV_0."""
        return 1.0 + self.profit


class Terms(NamedTuple):
    """What stays fixed during one step's cascade."""

    margin: StepTerms | None
    depth: Array  # (asset, path) g
    step: Array  # () int32, 1-based
