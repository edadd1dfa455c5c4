"""What the ids of a story's triggers, components and trades are called in a sentence."""

from __future__ import annotations

SYSTEM = "system"
BECAUSE = {
    "margin_call": "margin calls",
    "leverage_limit": "the leverage limit",
    "stop_loss": "stop-losses",
    "vol_target": "volatility targets",
    "leverage_target": "its leverage target",
    "close_out": "close-out by its brokers",
    "overlay": "hedges",
}
CAUSED_BY = {
    "outside_shock": "outside shock",
    "own_impact": "own sales",
    "others_impact": "others' sales",
    "retail_offset": "retail purchases",
    "execution_shortfall": "execution",
    "rebound": "rebound",
}
TRADES = {  # variable -> (of a fund in a round, of all over the path)
    "longs_sold_usd": ("sells", "longs sold"),
    "shorts_covered_usd": ("buys back", "shorts bought back"),
    "longs_bought_usd": ("buys", "longs added"),
    "shorts_sold_usd": ("sells short", "shorts added"),
}
