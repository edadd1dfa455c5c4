"""Labels that depend on which mechanisms there are, extensions included: components of the attribution, triggers."""

from __future__ import annotations

from stress.scenarios.outside.registry import components
from stress.scenarios.triggers.registry import TABLES


def every_cause() -> tuple[str, ...]:
    """Causes of the P&L of a step's cascade; each outside flow has one."""
    return ("own_impact", "others_impact", *components(), "execution_shortfall")


def every_component() -> tuple[str, ...]:
    """Components of the attribution of a path."""
    return ("outside_shock", *every_cause(), "rebound")


def every_trigger() -> tuple[str, ...]:
    """What makes funds trade."""
    return tuple(TABLES)
