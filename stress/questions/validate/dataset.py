"""The run's own result against the reference: metrics by path, means by step, causes and parts of the loss.

The first paths of the run are those that the reference has followed, and exactly those were followed in detail.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import xarray as xr

from stress.questions.validate.agreement import CLOSE, Compared
from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import by_path, rows, unknown_by_path
from stress.questions.validate.kernels import Floats
from stress.questions.validate.readings import gaps, groups, held_at_most
from stress.reference.result import parts
from stress.reference.state import CAUSES, TRIGGERS

SLICES = {"all": "1", "worst_5pct": "0.05", "worst_1pct": "0.01", "worst_0.1pct": "0.001"}


def against_reference(part: str, tree: xr.DataTree, compared: Compared) -> Iterator[Check]:
    """Every figure of the dataset that the reference knows."""
    problem, theirs = compared.problem, compared.theirs
    paths = theirs["loss"].shape[-1]
    kept = np.setdiff1d(np.arange(paths), compared.aside)
    ours = {name: values[..., :paths] for name, values in by_path(problem, tree).items()}
    same = {name: theirs[name][: len(values)] for name, values in ours.items()}
    for name, gap in sorted(gaps(ours, same | {"gross": theirs["gross"]}).items()):
        yield Check(part, f"dataset, by path: {_words(name)}", largest(gap[kept]), CLOSE)
    unknown = unknown_by_path(tree)
    yield Check(part, "metrics by path without a counterpart", len(unknown), 0, ", ".join(unknown))
    if len(compared.aside):
        return  # means over all paths hold those that were left aside
    yield from _by_fund(part, tree, compared)
    yield from _by_asset(part, tree, compared)
    yield from _of_the_loss(part, tree, compared)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _by_fund(part: str, tree: xr.DataTree, compared: Compared) -> Iterator[Check]:
    """Means by step of each type and of the system."""
    problem, result, line = compared.problem, compared.result, tree["timeline"].to_dataset()
    chosen, nav = groups(problem), problem.funds.nav
    group_nav, gross = chosen @ nav, max(1.0, float(compared.theirs["gross"].max()))
    means = {
        "fund_loss": (1.0 - result.equity) * nav[:, None],
        "fund_loss_static": (1.0 - result.equity_static) * nav[:, None],
        "forced_sales_usd": result.forced_sales_step_usd,
        "built_usd": result.built_usd_step,
    }
    for name, usd in means.items():
        if name in line:
            unit = 1.0 if name.endswith("_usd") else group_nav
            ours = rows(problem, line[name]).T * unit / group_nav
            mean = np.einsum("gm,smp->sg", chosen, usd) / group_nav / usd.shape[-1]
            yield Check(part, f"mean by step: {_words(name)}", largest(np.abs(ours - mean)) / gross, CLOSE)
    by_trigger = {
        "forced_sales_by_trigger_usd": result.sold_by_trigger_usd,
        "built_by_trigger_usd": result.built_by_trigger_usd,
    }
    for name, usd in by_trigger.items():
        if name in line:
            every = line[name].reindex(trigger=list(TRIGGERS), fill_value=0.0).transpose("fund", "step", "trigger")
            mean = np.einsum("gm,stmp->gst", chosen, usd) / usd.shape[-1]
            gap = np.abs(rows(problem, every) - mean) / group_nav[:, None, None]
            yield Check(part, f"mean by step: {_words(name)}", largest(gap) / gross, CLOSE)
    for name, usd in (("exposure_usd", result.exposure_usd), ("gross_exposure_usd", result.exposure_gross_usd)):
        if name in line:
            told = line[name].sel(asset=list(problem.assets.ids)).transpose("fund", "step", "asset")
            mean = np.einsum("gm,smap->gsa", chosen, usd) / usd.shape[-1]
            gap = np.abs(rows(problem, told) - mean) / group_nav[:, None, None]
            yield Check(part, f"mean by step: {_words(name)}", largest(gap) / gross, CLOSE)


def _by_asset(part: str, tree: xr.DataTree, compared: Compared) -> Iterator[Check]:
    """Means by step of each asset."""
    problem, result, line = compared.problem, compared.result, tree["timeline"].to_dataset()
    means = {
        "price_mean": result.price,
        "depth_mean": result.depth,
        "volatility": np.sqrt(result.variance_ratio),
        "forced_flow_usd": result.forced_flow_usd,
        "retail_purchases_usd": result.retail_by_asset_usd,
    }
    for name, values in means.items():
        if name not in line or (name == "depth_mean" and not problem.cascade.feedback):
            continue
        told = line[name].sel(asset=list(problem.assets.ids)).transpose("step", "asset")
        unit = np.maximum(1.0, values.max(axis=(0, 2)))
        if name == "forced_flow_usd":
            unit = held_at_most(problem)
        gap = np.abs(np.asarray(told) - values.mean(axis=-1)) / unit
        yield Check(part, f"mean by step: {_words(name)}", largest(gap), CLOSE)


def _of_the_loss(part: str, tree: xr.DataTree, compared: Compared) -> Iterator[Check]:
    """Causes and parts of the loss, on average and on the worst paths."""
    problem, result, table = compared.problem, compared.result, tree["attribution"].to_dataset()
    mean = groups(problem) * problem.funds.nav
    mean = mean / mean.sum(axis=1, keepdims=True)
    gross = max(1.0, float(compared.theirs["gross"].max()))
    causes = dict(zip(CAUSES, result.attribution, strict=True)) | {"total": -result.loss}
    tables = {"contribution": ("component", causes)}
    if "loss_part" in table:
        tables["loss_part"] = ("part", parts(problem, compared.draws))
    for variable, (axis, every) in tables.items():
        for name, values in every.items():
            if name not in table[axis]:
                continue
            ours = rows(problem, table[variable].sel({axis: name}).transpose("fund", "slice"))
            for at, (word, share) in enumerate(SLICES.items()):
                gap = np.abs(ours[:, at] - sliced(mean @ values, result.group_loss, share))
                yield Check(part, f"{_words(variable)}: {_words(name)}, {word}", largest(gap) / gross, CLOSE)


def sliced(values: Floats, loss: Floats, share: str) -> Floats:
    """Mean of each row of `values` (row, path) over the worst `share` of paths by the row's own loss."""
    count = max(1, math.ceil(Fraction(share) * values.shape[1]))
    worst = np.argsort(-loss, axis=1, kind="stable")[:, :count]
    return np.asarray(np.take_along_axis(values, worst, axis=1).mean(axis=1))
