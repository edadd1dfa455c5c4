"""Every number of a scenario as a tree of arrays, one record a mechanism; each stands in the file that it serves.

Changing numbers compiles nothing; what is None or not there is off. Column vectors have a trailing axis of length 1.
Money of a fund is a fraction of its start NAV; flows are fractions of an asset's average daily volume (ADV).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jax import Array

from stress.kernels.books import Books
from stress.kernels.cascade.round import Rules
from stress.kernels.impact.impact import Impact
from stress.kernels.margin.requirement import Margin
from stress.kernels.market.loadings import Loadings
from stress.kernels.market.volatility import Depth, Volatility
from stress.kernels.shocks.draw import Shocks


class Reporting(NamedTuple):
    """How members add up to what is reported."""

    group_matrix: Array  # (row, member) NAV weights of a group, system last
    broker_matrix: Array  # (broker, member) share times NAV over the system's NAV
    adv_share: Array  # (asset, 1) ADV over the system's NAV
    flow_scale: Array  # () 1/(bn USD), the power of two that is next to the inverse of the system's NAV: exact


class Params(NamedTuple):
    """All of them."""

    shocks: Shocks
    books: Books
    margin: Margin | None
    triggers: dict[str, Any]  # record of each trigger that is on, by name
    rules: Rules
    impact: Impact | None
    volatility: Volatility | None
    depth: Depth | None
    outside: dict[str, Any]  # record of each outside flow that is on, by name
    reporting: Reporting
    loadings: Loadings | None = None  # who moves with whom
