"""The lists of worst paths against all paths that the run has stored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stress.questions.validate.check import Check, largest
from stress.questions.validate.engine import BY_PATH, Run, every_path
from stress.questions.validate.figures import expected
from stress.questions.validate.figures.told import Told
from stress.questions.validate.readings import groups
from stress.scenarios.problem import Problem

RANKED = {"tails": "group_loss", "tails_by_trough": "trough"}
CLOSE = 1e-12  # relative to max(1, what it is)


def worst_lists(part: str, problem: Problem, run: Run) -> Iterator[Check]:
    """They hold the worst paths of every fund, worst first, with the figures of those paths."""
    every, nav = every_path(run.output), (groups(problem) @ problem.funds.nav)[:, None]
    for group, ranked in RANKED.items():
        yield from expected.held(part, group, run.tree, ("path_id", *BY_PATH))
        told = Told(problem, run.tree, group)
        ids = told.array("path_id", ("fund", "rank"))
        if ids is None or not np.isin(ids, np.arange(every[ranked].shape[1])).all():
            yield Check(part, f"`{group}`: paths that are not those of the run", np.inf, 0)
            continue
        at = ids.astype(np.int64)
        worst = -np.sort(-every[ranked], axis=1)[:, : at.shape[1]]
        listed = np.take_along_axis(every[ranked], at, axis=1)
        yield Check(part, f"`{group}`: paths that are not the worst, in order", float((listed != worst).sum()), 0)
        for variable, reading in BY_PATH.items():
            said, gap = told.array(variable, ("fund", "rank")), np.inf
            if said is not None:
                by_hand = np.take_along_axis(every[reading], at, axis=1).astype(np.float64)
                unit = nav if variable.endswith("_usd") else np.ones_like(nav)
                gap = largest(np.abs(said / unit - by_hand) / np.maximum(1.0, np.abs(by_hand)))
            yield Check(part, f"`{group}`: {variable.replace('_', ' ')}", gap, CLOSE)
