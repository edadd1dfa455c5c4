"""The record of everything that the NumPy twin reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
COMPONENTS = (
    "outside_shock",
    "own_impact",
    "others_impact",
    "retail_offset",
    "execution_shortfall",
    "rebound",
)  # they sum to the P&L


@dataclass(frozen=True)
class TwinResult:
    """What `simulate` returns; the comment of each field gives its axes and unit."""

    loss: Array  # (member, path) fraction of NAV_0
    loss_static: Array  # (member, path) fraction of NAV_0, the start book held, without overlays
    called_usd: Array  # (member, path)
    forced_sales_usd: Array  # (member, path)
    unliquidated_usd: Array  # (member, path)
    first_call_step: Array  # (member, path) 1-based, 0 = none
    defaulted: Array  # (member, path)
    max_drawdown: Array  # (member, path)
    attribution: Array  # (component, member, path) fraction of NAV_0, in the order of COMPONENTS
    forgone_by_selling: Array  # (member, path) fraction of NAV_0: P&L of the start book held less the outside shock
    broker_loss_usd: Array  # (broker, path)
    type_loss: Array  # (type, path)
    type_loss_static: Array  # (type, path)
    type_max_drawdown: Array  # (type, path)
    system_loss: Array  # (path,)
    system_loss_static: Array  # (path,)
    at_round_limit: Array  # (path,) in any step
    rounds: Array  # (step, path)
    price: Array  # (step, asset, path) at the end of the step
    depth: Array  # (step, asset, path) g in force during the step
    depth_next: Array  # (step, asset, path) g that the end of the step hands to the next one
    variance_ratio: Array  # (step, asset, path) sigma^2 / sigma_0^2 at the end of the step
    recent_flow: Array  # (step, asset, path) J / ADV at the end of the step
    forced_flow_usd: Array  # (step, asset, path) of that step, signed, USD at start prices, without retail
    forced_flow_by_fund_usd: Array  # (step, member, asset, path) likewise, of each member
    asset_pnl_usd: Array  # (asset, path) P&L of all members on the asset from start to end
    retail_usd: Array  # (step, path) outlay
    k: Array  # (step, book, path)
    equity: Array  # (step, member, path) fraction of NAV_0
    gross: Array  # (step, member, path)
    net: Array  # (step, member, path)
    open_call: Array  # (step, member, path) a call is open at the end of the step
    forced_sales_step_usd: Array  # (step, member, path) of that step
    built_usd_step: Array  # (step, member, path) bought in that step towards two-way targets and for overlays
    pnl_variance: Array  # (step, shape, path) u at the end of the step
    overlay_done: Array  # (step, book, path) what the overlay's rule has built by the end of the step
    requirement: Array  # (step, member, path) USD at prices of the end of the step, on the terms of the step
