"""What a reader wants to know first, from the result's groups: how far down, made of what, and who sold what and why.

Each function gives None, or nothing, where a result does not hold it: it is older, or nobody sells.
"""

from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import xarray as xr

from stress.scenarios.conditions.report import condition_sentences
from stress.scenarios.replay.report import replay_sentences

SYSTEM, TAIL, TAIL_NAME = "system", "worst_1pct", "worst 1 %"
BY_TRIGGER, BY_FUND, BUILT = "forced_sales_by_trigger_usd", "forced_flow_by_fund_usd", "built_by_trigger_usd"


class Figure(NamedTuple):
    """A number and its standard error."""

    value: float
    se: float


class Loss(NamedTuple):
    """A loss, % of start NAV as a fraction, and its parts in their order; they sum to it."""

    step: int  # at the end of which
    total: Figure
    parts: dict[str, Figure]


class Seller(NamedTuple):
    """What a fund sells by force, mean over paths, USD."""

    fund: str
    sales: Figure
    because: list[tuple[str, float]]  # triggers and their shares, the largest first
    sold: list[tuple[str, float]]  # assets that it sells most, net, USD, at least 0
    bought: list[tuple[str, float]]  # and buys


def fixed_moves(tree: xr.DataTree) -> list[str]:
    """What is fixed of the draw: the episode that is replayed, and a text for each condition."""
    replayed = replay_sentences(json.loads(tree.attrs.get("replay", "null")))
    return [*replayed, *condition_sentences(json.loads(tree.attrs.get("conditions", "[]")))]


def lowest_mean(tree: xr.DataTree, fund: str = SYSTEM) -> Loss | None:
    """The mean path at the end of the step at which it is furthest down, over the paths that are taken apart."""
    split = _variable(tree, "timeline", "loss_part")
    if split is None:
        return None
    values = split[0].sel(fund=fund)
    step = int(values["step"].values[int(np.argmax(values.sel(part="total").values))])
    return _loss(values.sel(step=step), split[1].sel(fund=fund, step=step), step)


def loss_at_end(tree: xr.DataTree, part: str = "all", fund: str = SYSTEM) -> Loss | None:
    """The mean loss at the end over a slice of the fund's worst paths."""
    split = _variable(tree, "attribution", "loss_part")
    if split is None or part not in split[0]["slice"].values:
        return None
    at = {"fund": fund, "slice": part}
    return _loss(split[0].sel(at), split[1].sel(at), int(tree.attrs["steps"]))


def sellers(tree: xr.DataTree, most: int = 3) -> list[Seller]:
    """The funds that sell most by force, the first first."""
    found = _variable(tree, "timeline", BY_TRIGGER)
    if found is None:
        return []
    by_fund = dict(_by_label(found[0].sum(("step", "trigger")).drop_sel(fund=SYSTEM)))
    order = sorted(by_fund, key=lambda fund: -by_fund[fund])
    return [seller(tree, fund) for fund in order[:most] if by_fund[fund] > 0]


def seller(tree: xr.DataTree, fund: str) -> Seller:
    """What one fund, or all of them, sells and why."""
    summary, line = tree["summary"].to_dataset(), tree["timeline"].to_dataset()
    name = "expected_forced_sales_usd"
    sales = Figure(*(float(figure_of(summary, f"{name}{suffix}", fund)) for suffix in ("", "_se")))
    because = _shares(line[BY_TRIGGER].sel(fund=fund).sum("step"))
    flow = line[BY_FUND].sel(fund=fund).sum("step") if BY_FUND in line else xr.DataArray([], {"asset": []}, ["asset"])
    trades = _by_label(flow)
    sold = sorted(((asset, -usd) for asset, usd in trades if usd < 0), key=lambda one: -one[1])
    bought = sorted(((asset, usd) for asset, usd in trades if usd > 0), key=lambda one: -one[1])
    return Seller(fund, sales, because, sold, bought)


def builds(tree: xr.DataTree) -> tuple[float, list[tuple[str, float]]]:
    """What all funds add on a rule of theirs, short or long, mean over paths, USD, and the rules with their shares."""
    found = _variable(tree, "timeline", BUILT)
    if found is None:
        return 0.0, []
    by_trigger = found[0].sel(fund=SYSTEM).sum("step")
    return float(by_trigger.sum()), _shares(by_trigger)


def _shares(by_trigger: xr.DataArray) -> list[tuple[str, float]]:
    """Triggers with their shares of the whole, the largest first; without those of which there is nothing."""
    whole = float(by_trigger.sum())
    shares = [(trigger, usd / whole) for trigger, usd in _by_label(by_trigger)] if whole else []
    return sorted((one for one in shares if one[1] > 0), key=lambda one: -one[1])


def figure_of(summary: xr.Dataset, name: str, fund: str) -> xr.DataArray:
    """A figure of the summary of one fund, or of all together."""
    return summary[f"system_{name}"] if fund == SYSTEM else summary[name].sel(fund=fund)


def _by_label(values: xr.DataArray) -> list[tuple[str, float]]:
    """Numbers along one dimension, each with its label; to select them one by one takes xarray far longer."""
    return list(zip(map(str, values[values.dims[0]].values), values.values.tolist(), strict=True))


def _loss(values: xr.DataArray, errors: xr.DataArray, step: int) -> Loss:
    pairs = zip(_by_label(values), _by_label(errors), strict=True)
    every = {part: Figure(value, error) for (part, value), (_, error) in pairs}
    return Loss(step, every.pop("total"), every)


def _variable(tree: xr.DataTree, group: str, name: str) -> tuple[xr.DataArray, xr.DataArray] | None:
    if group not in tree.children or name not in tree[group].data_vars or f"{name}_se" not in tree[group].data_vars:
        return None
    dataset = tree[group].to_dataset()
    return dataset[name], dataset[f"{name}_se"]
