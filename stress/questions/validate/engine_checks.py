"""The engine against itself: float32 against float64, one seed against another, one block size against another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import by_path
from stress.questions.validate.readings import groups
from stress.scenarios.problem import Problem

SAME_TRIGGERS = 0.999  # of paths in float32
FLOAT32 = 1e-4  # relative to max(1, gross)
STANDARD_ERRORS = 5.0
FLAGS = ("first_call_step", "defaulted")


def precision(part: str, problem: Problem, single: xr.DataTree, double: xr.DataTree) -> Iterator[Check]:
    """Path by path, the same seed in both precisions."""
    ours, theirs = by_path(problem, single), by_path(problem, double)
    other = np.zeros(ours["group_loss"].shape[-1], bool)
    for name in FLAGS:
        other |= (ours[name] != theirs[name]).any(axis=0)
    other |= ((ours["forced_sales"] > 0) != (theirs["forced_sales"] > 0)).any(axis=0)
    count = f"{int(other.sum())} of {len(other):,} paths"
    yield Check(part, "float32: share of paths with other triggers", float(other.mean()), 1.0 - SAME_TRIGGERS, count)
    gross = np.append(start_gross(problem), start_gross(problem).max())
    for name in sorted(ours.keys() - {*FLAGS}):
        gap = np.abs(ours[name] - theirs[name]) / np.maximum(gross[: len(ours[name])], 1.0)[:, None]
        yield Check(part, f"float32 against float64: {name.replace('_', ' ')}", largest(gap[:, ~other]), FLOAT32)


def start_gross(problem: Problem) -> np.ndarray:
    """(type,) gross over NAV at the start, overlays at their largest included."""
    size = np.bincount(problem.books.fund_of, problem.books.size, len(problem.funds.ids))
    chosen = groups(problem)[:-1]
    return np.asarray((chosen @ size) / (chosen @ problem.funds.nav))


def seeds(part: str, problem: Problem, one: xr.DataTree, other: xr.DataTree) -> Iterator[Check]:
    """Means of two independent samples within STANDARD_ERRORS of each other, for every metric by path."""
    if problem.shocks.model == "none":
        return
    ours, theirs = by_path(problem, one), by_path(problem, other)
    for name in sorted(ours.keys() - {"first_call_step"}):
        means, variances = [], []
        for sample in (ours[name], theirs[name]):
            means.append(np.mean(sample, axis=1, dtype=np.float64))
            variances.append(np.var(sample, axis=1, dtype=np.float64) / sample.shape[1])
        error = np.sqrt(sum(variances))
        apart = np.abs(means[0] - means[1]) / np.where(error > 0, error, 1.0)
        note = "in standard errors"
        yield Check(part, f"two seeds: mean {name.replace('_', ' ')}", largest(apart), STANDARD_ERRORS, note)


def blocks(part: str, one: xr.DataTree, other: xr.DataTree) -> Iterator[Check]:
    """Whatever the block size, every number of the result is the same bit for bit."""
    for group in sorted({*one.children, *other.children} - {"diagnostics"}):  # which holds timings
        ours, theirs = one[group].to_dataset(), other[group].to_dataset()
        found = len({*ours.data_vars} ^ {*theirs.data_vars})
        for name in {*ours.data_vars} & {*theirs.data_vars}:
            a, b = np.asarray(ours[name]), np.asarray(theirs[name])
            found += int(a.shape != b.shape or a.tobytes() != b.tobytes())
        yield Check(part, f"variables of `{group}` that depend on the block size", found, 0)
