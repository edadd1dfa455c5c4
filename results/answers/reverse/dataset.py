"""The group `reverse`: the shocks that were found, what happens with each, and how often it happens anyway."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr
from scipy.special import ndtr
from scipy.stats import chi2

from stress.results.answers.reverse.found import Floats, Reverse
from stress.results.statistics import estimators

GROUP, SYSTEM = "reverse", "system"
OF_NAV = {  # of `PathMetrics` -> (variable, long_name), fractions of NAV
    "fund_loss": ("fund_loss", "loss at the end, fraction of start NAV"),
    "fund_loss_static": ("fund_loss_static", "loss of the start book held still, fraction of start NAV"),
    "trough": ("trough", "largest loss at the end of any step, fraction of start NAV"),
    "called_share": ("called_nav_share", "share of start NAV whose members were called"),
    "defaulted_share": ("defaulted_nav_share", "share of start NAV whose members defaulted"),
}
OF_USD = {"called": ("called_usd", "margin called"), "forced_sales": ("forced_sales_usd", "forced sales")}


def to_tree(found: Reverse) -> xr.DataTree:
    """An answer as a tree: `reverse`, and `story_1`, ... of the first shocks; the root has `found.attrs`.

    Dims of `reverse`: answer (from 1, the most plausible first; none where nothing was found), step, asset and fund
    (funds and assets in the order of the file, then groups, "system" last).
    """
    attrs = {
        **found.attrs,
        "event": found.event,
        "measure": found.measure,
        "who": found.who,
        "bound": found.bound,
        "chosen": found.chosen,
        "normals": found.size,
        "hits": found.hits,
        "simulated": found.simulated,
        "starts": json.dumps([shock.start for shock in found.shocks]),
    }
    children = {f"/story_{number}": story for number, story in enumerate(found.stories, 1)}
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), GROUP: _dataset(found)}, name=found.problem.name)
    for name, story in children.items():
        tree[name.strip("/")] = story
    return tree


def _dataset(found: Reverse) -> xr.Dataset:
    assets, shocks = found.problem.assets, found.shocks
    order = [assets.ids.index(name) for name in assets.file_order]
    groups = [name for name in found.rows if name not in found.funds_file_order and name != SYSTEM]
    funds = [*found.funds_file_order, *groups, SYSTEM]
    rows = [found.rows.index(name) for name in funds]
    steps, count = found.problem.steps, len(shocks)
    norm = np.array([shock.norm for shock in shocks], np.float64)
    data: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], values: Any, long_name: str, units: str = "1") -> None:
        data[name] = (dims, values, {"units": units, "long_name": long_name})

    def each(shape: tuple[int, ...], values: list[Any]) -> Floats:
        return np.array(values, np.float64).reshape(count, *shape)

    by_answer, asset = ("answer",), (len(order),)
    add("norm", by_answer, norm, "distance in standard normals from the draw without any shock")
    add("prob_design", by_answer, ndtr(-norm), "probability of the half-space beyond the shock")
    add(
        "prob_radius", by_answer, chi2.sf(norm**2, found.size), "probability that all normals together are that far out"
    )
    add("days", by_answer, np.array([s.days for s in shocks], np.int64), "steps on which the shock brings it about")
    days = each((), [s.prob_days for s in shocks])
    add("prob_days", by_answer, days, "sum of the probabilities of the half-spaces of all these steps")
    unit = "USD" if found.measure.endswith("_usd") else "1"
    add("amount", by_answer, each((), [s.amount for s in shocks]), "what the limit is about, with the shock", unit)
    below = each((), [s.amount_below for s in shocks])
    add("amount_below", by_answer, below, "the same with the shock 1e-4 smaller", unit)
    flags = np.array([[s.happens_below, s.leaves_again] for s in shocks], bool).reshape(count, 2)
    add("happens_below", by_answer, flags[:, 0], "whether it happens with the shock 1e-4 smaller")
    add("leaves_again", by_answer, flags[:, 1], "whether it does not happen with some larger shock of that direction")
    size = each((steps,), [s.step_norm for s in shocks])
    add("step_norm", ("answer", "step"), size, "distance in standard normals, of each step")
    moves = each((steps, *asset), [s.moves[:, order] for s in shocks])
    add("move", ("answer", "step", "asset"), moves, "simple return from outside, the script of the scenario included")
    for name, text in (("contribution", "loss with sales"), ("contribution_static", "loss of the book held still")):
        values = each(asset, [getattr(s, name)[order] for s in shocks])
        long_name = f"first-order part of the moves of the asset in the {text} of the limit's fund, fraction of NAV"
        add(name, ("answer", "asset"), values, long_name)
    for source, (name, text) in {**OF_NAV, **OF_USD}.items():
        factor = found.nav[rows] if source in OF_USD else 1.0
        values = each((len(rows),), [s.metrics[source][rows] * factor for s in shocks])
        add(name, ("answer", "fund"), values, text, "USD" if source in OF_USD else "1")
    first = np.array([s.first_call_step[rows] for s in shocks], np.int64).reshape(count, len(rows))
    add("first_call_step", ("answer", "fund"), first, "step of the first margin call, 0 = none")
    defaulted = np.array([s.defaulted[rows] for s in shocks], bool).reshape(count, len(rows))
    add("defaulted", ("answer", "fund"), defaulted, "whether a member defaulted")
    plain = estimators.probability(found.hits, found.paths)
    for suffix, value, text in (
        ("", plain.value, "share of the plain paths on which it happens"),
        ("_se", plain.se, "standard error of the share of the plain paths on which it happens"),
        ("_ci_low", plain.low, "lower end of the 95 % interval of that share"),
        ("_ci_high", plain.high, "upper end of the 95 % interval of that share"),
    ):
        add(f"prob_plain{suffix}", (), value, text)
    add("mean_norm", (), found.mean_norm, "distance of the mean normals of the plain paths on which it happens")
    if found.mean_moves is not None:
        text = "mean simple return from outside of the plain paths on which it happens"
        add("mean_move", ("step", "asset"), found.mean_moves[:, order], text)
    coords = {
        "answer": ("answer", np.arange(1, count + 1), {"units": "1", "long_name": "shock, the most plausible first"}),
        "step": ("step", np.arange(1, steps + 1), {"units": "1", "long_name": "step, 1 is the first"}),
        "asset": ("asset", list(assets.file_order), {"units": "1", "long_name": "asset"}),
        "fund": ("fund", funds, {"units": "1", "long_name": "fund, group of funds, or the whole system"}),
    }
    return xr.Dataset(data, coords)
