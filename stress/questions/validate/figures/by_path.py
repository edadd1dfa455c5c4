"""What a run stores by path: against the reference on the first paths, and the system against its funds on all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stress.questions.validate.agreement import CLOSE, Compared
from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import BY_PATH, STORED, Run, by_path, every_path
from stress.questions.validate.figures import expected
from stress.questions.validate.readings import gaps, groups
from stress.results.dataset.paths import OF_SYSTEM
from stress.scenarios.problem import Problem

ROUNDED = 1e-12  # relative to max(1, what it is)
SUMMED = (
    "group_loss",
    "group_loss_static",
    "called",
    "called_share",
    "forced_sales",
    "defaulted_share",
    "unliquidated",
)


def by_each_path(part: str, run: Run, compared: Compared) -> Iterator[Check]:
    """Every metric by path, of fund types, of the system and of brokers."""
    problem, theirs = compared.problem, compared.theirs
    paths = theirs["loss"].shape[-1]
    kept = np.setdiff1d(np.arange(paths), compared.aside)
    yield from expected.held(part, "paths", run.tree, (*BY_PATH, *OF_SYSTEM))
    every = every_path(run.output)
    ours = {name: values[..., :paths] for name, values in every.items()}
    by_step = theirs.keys() - every.keys()
    for name, gap in sorted(gaps(ours, theirs, tuple(by_step)).items()):
        yield Check(part, f"by path: {name.replace('_', ' ')}", largest(gap[kept]), CLOSE)
    told = by_path(problem, run.tree)
    for reading in BY_PATH.values():
        same = every[reading][: len(told[reading])] if reading in told else np.nan
        gap = np.abs(np.asarray(told.get(reading, np.nan), np.float64) - same) / np.maximum(1.0, np.abs(same))
        yield Check(part, f"dataset, by path: {reading.replace('_', ' ')}", largest(gap), ROUNDED)
    for variable, metric in OF_SYSTEM.items():
        gap = np.abs(np.asarray(run.tree["paths"][variable], np.float64) - every[STORED[metric]][-1])
        yield Check(part, f"dataset, by path: {variable.replace('_', ' ')}", largest(gap), ROUNDED)
    yield from _of_the_system(part, problem, run)


def _of_the_system(part: str, problem: Problem, run: Run) -> Iterator[Check]:
    """On every path the system is the sum of its funds, the first of their calls, any of their defaults."""
    every, nav = every_path(run.output), groups(problem) @ problem.funds.nav
    for name in SUMMED:
        whole = nav[:-1] @ every[name][:-1] / nav[-1]
        gap = np.abs(every[name][-1] - whole) / np.maximum(1.0, np.abs(whole))
        yield Check(part, f"the system is the sum of its funds: {name.replace('_', ' ')}", largest(gap), ROUNDED)
    calls = np.where(every["first_call_step"] > 0, every["first_call_step"], problem.steps + 1)
    wrong = (calls[-1] != calls[:-1].min(axis=0)) | (every["defaulted"][-1] != every["defaulted"][:-1].any(axis=0))
    yield Check(part, "paths on which the system's first call or default is not that of a fund", int(wrong.sum()), 0)
