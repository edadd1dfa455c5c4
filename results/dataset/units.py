"""Units and long names of every variable and coordinate of the dataset: one table."""

from __future__ import annotations

import xarray as xr

# name -> (CF units, long name); amounts per fund refer to one path unless the name says otherwise
DESCRIPTIONS: dict[str, tuple[str, str]] = {
    # coordinates
    "fund": ("1", "fund, 'system' being all funds together"),
    "fund_type": ("1", "fund type"),
    "with_type": ("1", "the other fund type"),
    "level": ("1", "level of VaR and ES; 0 stands for the mean"),
    "prime_broker": ("1", "prime broker"),
    "asset": ("1", "asset"),
    "asset_name": ("1", "name of the asset"),
    "asset_class": ("1", "asset class"),
    "asset_region": ("1", "region of the asset"),
    "asset_sector": ("1", "sector of the asset"),
    "strategy": ("1", "strategy of the fund"),
    "fund_region": ("1", "region of the fund"),
    "step": ("1", "step, the first being 1"),
    "quantile": ("1", "share of paths at or below the value"),
    "component": ("1", "component of the profit or loss"),
    "part": ("1", "part of the loss; they sum to the total"),
    "trigger": ("1", "what asked for most of each book's trade, the first named on a tie"),
    "slice_paths": ("1", "paths of the slice"),
    "slice": ("1", "paths averaged over, by the fund's own loss"),
    "rank": ("1", "rank by the fund's own loss, the worst path being 1"),
    "path": ("1", "64-bit path id"),
    "checkpoint": ("1", "number of paths up to the checkpoint"),
    "phase": ("1", "phase of the run"),
    "bin": ("1", "bin of the histogram"),
    "haircuts": ("1", "factor of all margin rates"),
    "nav_share": ("1", "share of start NAV"),
    "bin_low": ("1", "lower edge of the bin, as a fraction of start NAV"),
    "bin_high": ("1", "upper edge of the bin, as a fraction of start NAV"),
    # summary
    "nav_usd": ("USD", "net asset value at the start"),
    "var": ("1", "value at risk, positive = loss, as a fraction of start NAV"),
    "es": ("1", "expected shortfall, positive = loss, as a fraction of start NAV"),
    "var_static": ("1", "value at risk of the book held still, as a fraction of start NAV"),
    "es_static": ("1", "expected shortfall of the book held still, as a fraction of start NAV"),
    "trough_var": ("1", "value at risk of the largest loss at any step end, as a fraction of start NAV"),
    "trough_es": ("1", "expected shortfall of the largest loss at any step end, as a fraction of start NAV"),
    "trough_var_static": (
        "1",
        "value at risk of the largest loss at any step end of the book held still, as a fraction of start NAV",
    ),
    "trough_es_static": (
        "1",
        "expected shortfall of the largest loss at any step end of the book held still, as a fraction of start NAV",
    ),
    "drawdown_var": ("1", "value at risk of the largest drawdown, as a fraction of the running peak at step ends"),
    "drawdown_es": ("1", "expected shortfall of the largest drawdown, as a fraction of the running peak at step ends"),
    "amplification": ("1", "expected shortfall over that of the book held still"),
    "added_loss": ("1", "expected shortfall less that of the book held still, as a fraction of start NAV"),
    "mean_loss": ("1", "mean loss, as a fraction of start NAV"),
    "prob_loss_over_20pct": ("1", "probability of a loss over 20 % of start NAV"),
    "prob_margin_call": ("1", "probability of at least one margin call, of any member of the type"),
    "prob_default": ("1", "probability of default, of any member of the type"),
    "prob_called_over_10pct": ("1", "probability that over 10 % of start NAV is that of members with a margin call"),
    "prob_called_over_50pct": ("1", "probability that over 50 % of start NAV is that of members with a margin call"),
    "prob_defaulted_over_10pct": ("1", "probability that over 10 % of start NAV is that of members in default"),
    "prob_defaulted_over_50pct": ("1", "probability that over 50 % of start NAV is that of members in default"),
    "called_nav_share": ("1", "share of start NAV that is that of members with a margin call"),
    "defaulted_nav_share": ("1", "share of start NAV that is that of members in default"),
    "expected_called_usd": ("USD", "mean amount called, the largest deficit of each call"),
    "expected_forced_sales_usd": ("USD", "mean forced sales, buy-backs of shorts included"),
    "expected_unliquidated_usd": ("USD", "mean value of defaulted books still unsold at the horizon"),
    "expected_max_drawdown": ("1", "mean of the largest drawdown, as a fraction of the running peak"),
    "broker_loss_mean": ("USD", "mean loss of the prime broker on defaulted funds"),
    "broker_loss_prob": ("1", "probability of a loss of the prime broker"),
    "broker_loss_var": ("USD", "value at risk of the prime broker's loss"),
    "broker_loss_es": ("USD", "expected shortfall of the prime broker's loss"),
    # start
    "gross": ("1", "gross leverage of the fund type at the start"),
    "net": ("1", "net leverage of the fund type at the start"),
    "system_gross": ("1", "gross leverage of all funds together at the start"),
    "system_net": ("1", "net leverage of all funds together at the start"),
    "position_usd": ("USD", "net start position of the fund type"),
    "gross_position_usd": ("USD", "long plus short start positions of the fund type, book by book"),
    "days_of_volume": ("d", "net start position of the fund type in days of average volume"),
    "held_usd": ("USD", "long plus short start positions of all funds"),
    "held_days": ("d", "long plus short start positions of all funds in days of average volume"),
    "overlap": ("1", "cosine of the angle between the start positions of two fund types"),
    "liquidity_overlap_usd": (
        "USD",
        "what one fund type loses, to first order, when the other sells all it holds",
    ),
    "starts_in_call": ("1", "whether a member of the fund starts in a margin call"),
    # distribution
    "loss": ("1", "number of paths whose loss falls in the bin"),
    "loss_static": ("1", "number of paths whose loss, the book held still, falls in the bin"),
    "drawdown": ("1", "number of paths whose largest drawdown falls in the bin"),
    "called_over": ("1", "number of paths on which members with a margin call have more than the share of start NAV"),
    "defaulted_over": ("1", "number of paths on which members in default have more than the share of start NAV"),
    # timeline
    "gross_leverage": ("1", "quantile of gross leverage at the end of the step"),
    "net_leverage": ("1", "quantile of net leverage at the end of the step"),
    "price": ("1", "quantile of the price at the end of the step, start = 1"),
    "price_mean": ("1", "mean price at the end of the step, start = 1"),
    "depth": ("1", "quantile of the depth multiplier that the step's cascade met"),
    "depth_mean": ("1", "mean depth multiplier that the step's cascade met"),
    "called_usd": ("USD", "amount called, the largest deficit of each call"),
    "forced_sales_usd": ("USD", "forced sales, buy-backs of shorts included; what is built is not"),
    "built_usd": ("USD", "mean positions added in the step by overlays and two-way leverage targets"),
    "volatility": ("1", "mean realised volatility at the end of the step, over its start"),
    "forced_flow_usd": ("USD", "mean forced flow of the step at start prices, net: bought (+) less sold (-)"),
    "forced_flow_by_fund_usd": (
        "USD",
        "mean forced flow of the step at start prices, net: bought or covered (+) less sold or shorted (-)",
    ),
    "forced_sales_by_trigger_usd": ("USD", "mean forced sales of the step by what asked for most of each book"),
    "built_by_trigger_usd": ("USD", "mean positions added in the step by what asked for them"),
    "exposure_usd": ("USD", "mean exposure at the end of the step, long less short"),
    "gross_exposure_usd": ("USD", "mean exposure at the end of the step, long plus short"),
    "loss_part": ("1", "part of the mean loss, as a fraction of start NAV"),
    "loss_part_usd": ("USD", "part of the mean loss"),
    "open_call": ("1", "share of paths with an open margin call at the end of the step"),
    "fund_loss": ("1", "loss, as a fraction of start NAV"),
    "fund_loss_static": ("1", "loss of the book held still, as a fraction of start NAV"),
    "added_loss_usd": ("USD", "mean loss less that of the book held still"),
    # attribution
    "contribution": ("1", "mean contribution to the profit (+) or loss (-), as a fraction of start NAV"),
    "forgone_by_selling": (
        "1",
        "P&L of the book held still less that of the outside shock on what was held: given up by the path's own trades",
    ),
    # contributions
    "es_contribution": ("1", "contribution of the fund to the system's ES, as a fraction of the system's start NAV"),
    "es_contribution_by_asset": (
        "1",
        "contribution of the asset to the system's ES, as a fraction of the system's start NAV",
    ),
    "mes": ("1", "mean loss of the fund on the system's worst paths, as a fraction of its start NAV"),
    "covar": (
        "1",
        "VaR of the system given that the fund loses its VaR or more, as a fraction of the system's start NAV",
    ),
    "delta_covar": (
        "1",
        "CoVaR less the VaR of the system given that the fund is within one standard deviation of its mean",
    ),
    # tails and paths
    "path_id": ("1", "64-bit path id"),
    "first_call_step": ("1", "step of the first margin call, 0 = none"),
    "defaulted": ("1", "whether the fund defaulted"),
    "trough": ("1", "largest loss at any step end, as a fraction of start NAV"),
    "trough_static": ("1", "largest loss at any step end of the book held still, as a fraction of start NAV"),
    "max_drawdown": ("1", "largest drawdown, as a fraction of the running peak at step ends"),
    "unliquidated_usd": ("USD", "value of defaulted books still unsold at the horizon"),
    "system_loss": ("1", "loss of all funds together, as a fraction of their start NAV"),
    "system_trough": ("1", "largest loss of all funds together at any step end, as a fraction of their start NAV"),
    "system_max_drawdown": ("1", "largest drawdown of all funds together, as a fraction of the running peak"),
    # diagnostics
    "paths_at_round_limit": ("1", "paths whose cascade was cut off at the largest number of rounds in some step"),
    "rounds_used": ("1", "the most cascade rounds of any detailed path in the step"),
    "correlation_repair_distance": ("1", "Frobenius distance by which the correlation matrix was repaired"),
    "draws_clipped": ("1", "steps of a path with a draw clipped at the largest move"),
    "prices_floored": ("1", "steps of a path in which linear impact was cut at its floor"),
    "forced_flow_beyond_depth_share": ("1", "share of forced flow beyond a day's depth"),
    "attribution_residual": (
        "1",
        "largest gap between the sum of components and a P&L, over max(1, gross, |loss|)",
    ),
    "seconds": ("s", "wall time"),
}

OUTSIDE = {  # of an outside flow, after its name
    "_purchases_usd": ("USD", "mean purchases of the step at the prices after its outside shock: {}"),
    "_down_days": ("d", "mean number of down days in a row before the step: {}"),
    "_fatigue": ("1", "mean share of a purchase that fatigue leaves: {}"),
    "_budget_left_usd": ("USD", "mean budget left after the step: {}"),
}
SUFFIXES = {
    "_se": "standard error of the",
    "_ci_low": "lower end of the 95 % confidence interval of the",
    "_ci_high": "upper end of the 95 % confidence interval of the",
}


def description(name: str) -> tuple[str, str]:
    """(units, long name) of a variable; suffixes and the prefix `system_` are derived from the plain name."""
    if name in DESCRIPTIONS:
        return DESCRIPTIONS[name]
    if name.startswith("system_"):
        units, long_name = description(name.removeprefix("system_"))
        return units, f"whole system: {long_name}"
    if name.startswith("total_"):
        units, long_name = description(name.removeprefix("total_"))
        return units, f"over the whole horizon: {long_name}"
    for suffix, (units, text) in OUTSIDE.items():
        if name.endswith(suffix):
            return units, text.format(name.removesuffix(suffix).replace("_", " "))
    for suffix, text in SUFFIXES.items():
        if name.endswith(suffix):
            units, long_name = description(name.removesuffix(suffix))
            return units, f"{text} {long_name}"
    raise KeyError(f"no units for the variable {name!r}: add it to stress.results.dataset.units")


def described(dataset: xr.Dataset, **long_names: str) -> xr.Dataset:
    """`dataset` with `units` and `long_name` on every variable and coordinate; `long_names` go before the table's.

    What a variable is called in `long_names`, its standard error is called, too.

    Raises:
        KeyError: a variable is not in the table.
    """
    for key, variable in dataset.variables.items():
        name = str(key)
        units, long_name = description(name)
        plain = name.removesuffix("_se")
        if plain != name and plain in long_names:
            long_name = f"{SUFFIXES['_se']} {long_names[plain]}"
        variable.attrs = {"units": units, "long_name": long_names.get(name, long_name)}
    return dataset
