"""Problems whose paths are recorded round by round, and the recordings, each made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from stress.engine.sizes import devices_for
from stress.options import RunOptions
from stress.questions import recorder as recorder_module
from stress.questions.recorder import Recorder
from stress.results.statistics.simulation_output import PathTable
from stress.results.story.recorded_path import RecordedPath
from stress.results.story.tree import to_story
from stress.scenarios.problem import Problem
from tiny import make_problem
from twin_alone import alone
from twin_books import with_overlay

CLOSE = 1e-9
ATTRS: dict[str, Any] = {
    "path": 0,
    "rank": 0,
    "ranked_by": "",
    "paths": 64,
    "figures_compared": 0,
    "recording_gap": 0.0,
}


def everything() -> Problem:
    """Retail, ladders, calls, leverage limits, overlays, and orders that are cut: one pass."""
    problem = make_problem(
        steps=5, shocks={"scale": 4.0}, cascade={"max_participation": 0.05}, funds={"grace_steps": 1}
    )
    return with_overlay(problem, 1, [0.0, -0.1, -0.4, -0.1, -0.4], 0.8, [0.01, 0.05], [0.0, 1.0])


def long_cascades() -> Problem:
    """Nothing but margin calls, limits and ladders, without a cap: many rounds, in two passes."""
    return make_problem(steps=5, shocks={"scale": 3.0}, retail={"per_percent": 0.0})


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "everything, one pass": everything,
    "long cascades, two passes": long_cascades,
    "two-way leverage target": lambda: alone("two-way leverage target"),
    "a limit of rounds": lambda: make_problem(steps=4, shocks={"scale": 4.0}, cascade={"max_rounds": 2}),
    "nobody trades": lambda: make_problem(steps=3, shocks={"scale": 3.0}, cascade={"feedback": False}),
}


class Recording(Recorder):
    """Takes the figures of the path from the recording itself."""

    def _recording(self, name: str, program_of: Any, *path: Any) -> Any:
        self.taken = super()._recording(name, program_of, *path)
        return self.taken

    def _outcome(self, path: int) -> PathTable:
        return recorder_module._table(path, self.taken[0])


def recorder_for(problem: Problem, kind: type[Recorder] = Recording, **options: Any) -> Recorder:
    chosen = RunOptions(paths=64, seed=3, **({"precision": "float64"} | options))
    return kind(problem, chosen, devices_for(problem, chosen))


@cache
def recorder_of(name: str) -> Recorder:
    return recorder_for(PROBLEMS[name]())


@cache
def recorded(name: str, path: int) -> RecordedPath:
    return recorder_of(name).recorded(path)


def story_of(name: str, path: int) -> xr.DataTree:
    return to_story(recorded(name, path), ATTRS)


def close(ours: object, theirs: object, scale: float = 1.0) -> None:
    np.testing.assert_allclose(
        np.asarray(ours, float) / scale, np.asarray(theirs, float) / scale, rtol=CLOSE, atol=CLOSE
    )
