"""Labels that depend on which mechanisms there are, extensions included: components of the attribution, triggers."""

from __future__ import annotations

from collections.abc import Iterable

from stress.scenarios.outside.registry import TABLES as OUTSIDE
from stress.scenarios.triggers.registry import TABLES as TRIGGERS

WORST = {"worst_5pct": "0.05", "worst_1pct": "0.01", "worst_0.1pct": "0.001"}  # slices of the detailed paths


def rare(name: str) -> bool:
    """Whether a variable of the timeline is zero on most paths, and never negative."""
    amounts = ("called_usd", "forced_sales_usd", "built_usd", "open_call")
    return name.removeprefix("total_") in amounts or name.endswith(("_by_trigger_usd", "_purchases_usd"))


def cause_names(outside: Iterable[str] = OUTSIDE, loadings: bool = False) -> tuple[str, ...]:
    """Causes of the P&L of a step's cascade, in the order of the kernels; each outside flow has one.

    Where some asset has loadings there is one more: what comes through them.
    """
    through = ("through_loadings",) if loadings else ()
    flows = (OUTSIDE[flow].component for flow in outside)
    return ("own_impact", "others_impact", *flows, *through, "execution_shortfall")


def component_names(outside: Iterable[str] = OUTSIDE, loadings: bool = False) -> tuple[str, ...]:
    """Components of the attribution of a path, in the order of the kernels."""
    return ("outside_shock", *cause_names(outside, loadings), "rebound")


def every_trigger() -> tuple[str, ...]:
    """What makes funds trade."""
    return tuple(TRIGGERS)
