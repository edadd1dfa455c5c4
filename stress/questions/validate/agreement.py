"""Engine against reference, path by path; which paths stood so near a threshold that rounding decides is said aside."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import by_path, rows, unknown_by_path
from stress.questions.validate.kernels import Floats, Simulated, through_kernels
from stress.questions.validate.nearness import nearest_threshold
from stress.questions.validate.readings import Readings, gaps, groups, of_kernels, of_reference
from stress.reference.result import Result, simulate
from stress.reference.state import CAUSES
from stress.scenarios.problem import Problem

CLOSE = 1e-12  # relative to max(1, gross)
NEAR = 1e-9  # of a threshold: rounding may decide
ASIDE = 1e-5  # of all paths that may lie so near
SLICES = {"all": "1", "worst_5pct": "0.05", "worst_1pct": "0.01", "worst_0.1pct": "0.001"}


class Compared(NamedTuple):
    """Paths that both sides have followed."""

    problem: Problem
    draws: Floats
    theirs: Readings
    result: Result
    aside: npt.NDArray[np.int64]  # paths on which rounding decides, left out of every comparison


def against_reference(part: str, problem: Problem, draws: Floats) -> tuple[list[Check], Compared]:
    """Every reading of the kernels on given draws (step, asset, path) against the reference's."""
    result = simulate(problem, draws)
    found = through_kernels(problem, draws)
    theirs = of_reference(problem, result)
    gap = gaps(of_kernels(problem, found), theirs)
    aside = _aside(problem, draws, gap)
    kept = np.setdiff1d(np.arange(draws.shape[2]), aside)
    checks = [
        Check(part, f"kernels against reference: {name.replace('_', ' ')}", largest(each[kept]), CLOSE)
        for name, each in sorted(gap.items())
    ]
    checks.append(listed_aside(part, aside, draws.shape[2]))
    if not problem.outside:
        checks.append(_alarms(part, found, result, kept))
    return checks, Compared(problem, draws, theirs, result, aside)


def listed_aside(part: str, aside: npt.NDArray[np.int64], paths: int) -> Check:
    """How many paths lie within NEAR of a threshold; one is always allowed."""
    names = ", ".join(str(path) for path in aside[:20])
    note = f"paths {names}" if len(aside) else ""
    return Check(part, f"paths within {NEAR:g} of a threshold, left aside", len(aside), max(1, ASIDE * paths), note)


def _aside(problem: Problem, draws: Floats, gap: dict[str, Floats]) -> npt.NDArray[np.int64]:
    """Paths that differ, and on which a trigger stood within NEAR of its threshold."""
    wrong = np.flatnonzero(np.max([*gap.values()], axis=0) > CLOSE)
    few = wrong[:20]  # of more than that it is not rounding
    return np.array([path for path in few if nearest_threshold(problem, draws[:, :, path]) <= NEAR], np.int64)


def _alarms(part: str, found: Simulated, result: Result, kept: npt.NDArray[np.int64]) -> Check:
    """The pass that holds still may raise its alarm too early, never too late."""
    traded = (result.forced_sales_step_usd > 0) | (result.built_usd_step > 0) | result.open_call
    acts = np.asarray(traded.any(axis=1))
    first = np.where(acts.any(axis=0), acts.argmax(axis=0) + 1, 0)
    late = (first > 0) & ((found.first_alarm == 0) | (found.first_alarm > first))
    return Check(part, "paths whose first trigger the pass without sales misses", float(late[kept].sum()), 0)


def dataset_against_reference(part: str, tree: xr.DataTree, compared: Compared) -> Iterator[Check]:
    """The run's own result against the reference: metrics by path, means by step, attribution.

    The first paths of the run are those of `compared`, and exactly those were followed in detail.
    """
    problem, theirs = compared.problem, compared.theirs
    paths = theirs["loss"].shape[-1]
    kept = np.setdiff1d(np.arange(paths), compared.aside)
    ours = {name: values[..., :paths] for name, values in by_path(problem, tree).items()}
    same = {name: theirs[name][: len(values)] for name, values in ours.items()}
    for name, gap in sorted(gaps(ours, same | {"gross": theirs["gross"]}).items()):
        yield Check(part, f"dataset against reference, by path: {name.replace('_', ' ')}", largest(gap[kept]), CLOSE)
    unknown = unknown_by_path(tree)
    yield Check(part, "metrics by path without a counterpart", len(unknown), 0, ", ".join(unknown))
    if len(compared.aside):
        return  # means over all paths hold those that were left aside
    yield from _timeline(part, tree, compared)
    yield from _attribution(part, tree, compared)


def _timeline(part: str, tree: xr.DataTree, compared: Compared) -> Iterator[Check]:
    problem, result, line = compared.problem, compared.result, tree["timeline"].to_dataset()
    chosen, nav = groups(problem), problem.funds.nav
    group_nav = chosen @ nav
    held = np.abs(problem.books.size @ np.abs(problem.books.shapes[problem.books.shape_of]))
    by_fund = {
        "fund_loss": (1.0 - result.equity, nav / group_nav[:, None]),
        "fund_loss_static": (1.0 - result.equity_static, nav / group_nav[:, None]),
        "forced_sales_usd": (result.forced_sales_step_usd / group_nav.sum(), np.ones_like(nav)),
        "built_usd": (result.built_usd_step / group_nav.sum(), np.ones_like(nav)),
    }
    gross = max(1.0, float(compared.theirs["gross"].max()))
    for name, (values, weight) in by_fund.items():
        if name in line:
            ours = rows(problem, line[name]).T / (group_nav.sum() if name.endswith("_usd") else 1.0)
            mean = np.einsum("gm,smp->sg", chosen * weight, values) / values.shape[-1]
            yield Check(part, f"mean by step: {name.replace('_', ' ')}", largest(np.abs(ours - mean)) / gross, CLOSE)
    by_asset = {
        "price_mean": result.price,
        "depth_mean": result.depth,
        "volatility": np.sqrt(result.variance_ratio),
        "forced_flow_usd": result.forced_flow_usd,
    }
    for name, values in by_asset.items():
        if name in line and not (name == "depth_mean" and not problem.cascade.feedback):
            ours = np.asarray(line[name].sel(asset=list(problem.assets.ids)))
            unit = np.where(held > 0, held, 1.0) if name.endswith("_usd") else np.maximum(1.0, values.max(axis=(0, 2)))
            gap = np.abs(ours - values.mean(axis=-1)) / unit
            yield Check(part, f"mean by step: {name.replace('_', ' ')}", largest(gap), CLOSE)


def _attribution(part: str, tree: xr.DataTree, compared: Compared) -> Iterator[Check]:
    problem, result, table = compared.problem, compared.result, tree["attribution"].to_dataset()
    mean = groups(problem) * problem.funds.nav
    mean = mean / mean.sum(axis=1, keepdims=True)
    gross = max(1.0, float(compared.theirs["gross"].max()))
    components = dict(zip(CAUSES, result.attribution, strict=True)) | {"total": -result.loss}
    for name, values in components.items():
        if name not in table["component"]:
            continue
        ours = rows(problem, table["contribution"].sel(component=name))
        for at, share in enumerate(SLICES.values()):
            theirs = sliced(mean @ values, result.group_loss, share)
            ours_now = ours[:, at]
            yield Check(part, f"attribution: {name}, {list(SLICES)[at]}", largest(ours_now - theirs) / gross, CLOSE)


def sliced(values: Floats, loss: Floats, share: str) -> Floats:
    """Mean of each row of `values` (row, path) over the worst `share` of paths by the row's own loss."""
    count = max(1, math.ceil(Fraction(share) * values.shape[1]))
    worst = np.argsort(-loss, axis=1, kind="stable")[:, :count]
    return np.asarray(np.take_along_axis(values, worst, axis=1).mean(axis=1))
