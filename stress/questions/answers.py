"""Answers on disk: a directory as that of a run, `spec.json` saying what was asked, `result.zarr` what came of it.

`stress.run_directory.taken.taken` claims the directory, `answer_spec` in the place of a run's spec; `seal` ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import xarray as xr

from stress.kernels.random.normals import GENERATOR
from stress.options import RunOptions
from stress.results.answers.protocol import QUESTION
from stress.results.dataset.tree import attributes
from stress.results.files.store import write_run
from stress.run_directory.spec import spec_of
from stress.run_directory.taken import TakenRun
from stress.scenarios.problem import Problem


def answer_spec(problem: Problem, options: RunOptions, question: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The spec of an answer: that of a run of the scenario, and what was asked of it, which is part of its identity.

    Args:
        problem: the scenario as given.
        options: of each run that it takes.
        question: its name in `stress.results.answers.registry`.
        asked: what else decides the numbers; JSON.
    """
    spec = spec_of(problem, options)
    wanted = {"name": question, **asked}
    return {**spec, QUESTION: wanted, "identity": {**spec["identity"], QUESTION: wanted}}


def answer_attributes(problem: Problem, options: RunOptions, question: str, **more: Any) -> dict[str, Any]:
    """Attributes of an answer's root: which question it answers, and those of a run that say what was simulated."""
    run = {"seed": options.seed, "rng": GENERATOR, "precision": options.precision, "members": options.members}
    return {QUESTION: question, **attributes(problem, options.paths, {**run, **more})}


def seal(run: TakenRun, tree: xr.DataTree) -> None:
    """Have an answer in its directory, whole or not at all; raises what `TakenRun.seal` does."""
    run.store.close()
    run.seal(partial(write_run, tree, overwrite=False))
