"""What the ids of a story's triggers, components and trades are called in a sentence."""

from __future__ import annotations

from stress.scenarios.outside.registry import TABLES as OUTSIDE
from stress.scenarios.triggers.registry import because

__all__ = ["SYSTEM", "TRADES", "because", "caused_by", "purchases_alone"]

SYSTEM = "system"
_CAUSED_BY = {
    "outside_shock": "outside shock",
    "own_impact": "own sales",
    "others_impact": "others' sales",
    "through_loadings": "through loadings",
    "execution_shortfall": "execution",
    "rebound": "rebound",
}
TRADES = {  # variable -> (of a fund in a round, of all over the path)
    "longs_sold_usd": ("sells", "longs sold"),
    "shorts_covered_usd": ("buys back", "shorts bought back"),
    "longs_bought_usd": ("buys", "longs added"),
    "shorts_sold_usd": ("sells short", "shorts added"),
}


def caused_by(component: str) -> str:
    """A component of the attribution; one of an extension that is not there goes by its name."""
    outside = {table.component: table.caused_by for table in OUTSIDE.values()}
    return (_CAUSED_BY | outside).get(component, component.replace("_", " "))


def purchases_alone() -> str:
    """What a round is in which no fund trades."""
    return f"{' and '.join(table.caused_by for table in OUTSIDE.values())} alone"
