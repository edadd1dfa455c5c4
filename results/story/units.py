"""Units and long names of the variables of a story; what it shares with a result is described as there."""

from __future__ import annotations

import xarray as xr

from stress.results.dataset.units import description
from stress.scenarios.outside.registry import TABLES as OUTSIDE

# name -> (CF units, long name); amounts are those of one path
DESCRIPTIONS: dict[str, tuple[str, str]] = {
    # coordinates
    "round": ("1", "round of the step's cascade; 0 is the step's outside shock and rebound, before anybody trades"),
    "member": ("1", "member of a fund type"),
    "tier": ("1", "liquidity tier, 1 the thinnest"),
    "tier_assets": ("1", "assets of the liquidity tier"),
    "trigger": ("1", "what made a fund trade"),
    "asset_class": ("1", "asset class"),
    "asset_region": ("1", "region of the asset"),
    "asset_sector": ("1", "sector of the asset"),
    "strategy": ("1", "strategy of the fund"),
    "fund_region": ("1", "region of the fund"),
    "member_fund": ("1", "fund type of the member"),
    # the step, by asset
    "outside_return": ("1", "simple return of the outside shock, draw and script together"),
    "scripted_return": ("1", "simple return of the script alone"),
    "rebound_return": ("1", "simple return of the rebound, the decay of earlier impact"),
    "impact_return": ("1", "simple return that the trades of the step's rounds make"),
    "price": ("1", "price, start = 1"),
    "depth": ("1", "depth multiplier that the step's cascade met"),
    "volatility": ("1", "realised volatility at the end of the step, over its start"),
    "flow_usd": ("USD", "signed trades of all funds, purchases less sales, at the prices before each round"),
    "rounds": ("1", "rounds of trades"),
    # funds and members
    "fund_loss": ("1", "loss up to the end of the step, as a fraction of start NAV"),
    "fund_loss_static": ("1", "loss of the book held still up to the end of the step, as a fraction of start NAV"),
    "loss": ("1", "loss up to the end of the round, as a fraction of start NAV"),
    "equity_usd": ("USD", "equity at the end of the round"),
    "requirement_usd": ("USD", "margin requirement at the end of the round"),
    "called_usd": ("USD", "amount called: what the largest deficit of a call grew by"),
    "new_calls": ("1", "members that were called and had no open call"),
    "forced_sales_usd": ("USD", "positions shed by force, longs sold and shorts bought back"),
    "forced_sales_by_trigger_usd": ("USD", "positions shed by force, by what asked for most of each book"),
    "built_by_trigger_usd": ("USD", "positions added, by what asked for them"),
    "built_usd": ("USD", "positions added by overlays and two-way leverage targets"),
    "longs_sold_usd": ("USD", "long positions sold, at the prices before the round"),
    "shorts_covered_usd": ("USD", "short positions bought back, at the prices before the round"),
    "longs_bought_usd": ("USD", "long positions added, at the prices before the round"),
    "shorts_sold_usd": ("USD", "short positions added, at the prices before the round"),
    "orders_cut": ("1", "members whose order was cut to the participation limit up to the round"),
    "orders_cut_in_tier": ("1", "members whose order in a liquidity tier was cut up to the round"),
    "price_move": ("1", "simple return of the round; of round 0 that of the rebound and the outside shock"),
    "gross_leverage": ("1", "gross positions over equity"),
    "net_leverage": ("1", "net positions over equity"),
    "contribution": ("1", "contribution to the profit (+) or loss (-), as a fraction of start NAV"),
    "open_calls": ("1", "members with an open margin call at the end of the step"),
    "defaults": ("1", "members in default at the end of the step"),
    # the whole path
    "broker_loss_usd": ("USD", "loss of the prime broker on defaulted funds"),
}
# The figures of the whole path, where the table above speaks of one step or round.
OUTCOME = {
    "fund_loss": "loss, as a fraction of start NAV",
    "fund_loss_static": "loss of the book held still, as a fraction of start NAV",
    "called_usd": "amount called, the largest deficit of each call",
    "forced_sales_usd": "forced sales, buy-backs of shorts included",
}


def purchases(name: str) -> str:
    """Variable of what an outside flow buys."""
    return f"{name}_purchases_usd"


def described(dataset: xr.Dataset, **long_names: str) -> xr.Dataset:
    """`dataset` with `units` and `long_name` on every variable and coordinate; `long_names` go before the table's.

    Raises:
        KeyError: a variable is in neither table.
    """
    bought = {purchases(n): ("USD", f"{flow.caused_by}, in round 1 of the step") for n, flow in OUTSIDE.items()}
    for key, variable in dataset.variables.items():
        name = str(key)
        units, long_name = DESCRIPTIONS.get(name) or bought.get(name) or description(name)
        variable.attrs = {"units": units, "long_name": long_names.get(name, long_name)}
    return dataset
