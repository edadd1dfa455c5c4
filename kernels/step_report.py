"""What one step reports of a tile: for timelines, attribution and replays."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array

from stress.kernels.cascade.attribution import Causes
from stress.kernels.cascade.by_trigger import Booked


class StepReport(NamedTuple):
    """What one step did to the tile, for timelines, attribution and replays.

    Where the detailed program wants no more than profits (`Rules.explained`), all but `profit` is zeros.
    """

    price: Array  # (asset, path)
    depth: Array  # (asset, path) that the step's cascade met
    variance: Array  # (asset, path) over its start, at the end of the step; no rows where nobody asks
    forced: Array  # (asset, path) signed forced flow, fraction of ADV
    held: Array  # (book, path)
    profit: Array  # (member, path) equity less NAV_0
    static_profit: Array  # (member, path)
    called: Array  # (member, path) cumulative
    sold: Array  # (member, path) cumulative
    built: Array  # (member, path) cumulative
    call_open: Array  # (member, path) bool
    defaulted: Array  # (member, path) bool
    outside: Array  # (member, path) P&L of the outside shock
    rebound: Array  # (member, path) P&L of the decay of impact
    causes: Causes  # P&L of the cascade
    asset_pnl: Array  # (asset, path) P&L of all funds, fraction of the system's NAV; no rows where nobody asks
    by_trigger: Booked  # what was traded in the step, and because of what
    purchases: Array  # (flow, asset, path) what each outside flow spends in the step, over ADV; no rows without one
    told: dict[str, Array]  # (path,) figures of outside flows, see `OutsideFlow.told`
    gross: Array  # (member, path) start NAV multiples
    net: Array  # (member, path)
    rounds: Array  # () rounds used by the tile
    by_group: Array | None = None  # (group, asset, path) forced flow of the step, of options; else holdings tell it
