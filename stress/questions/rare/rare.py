"""`stress.rare`: a rare loss or default from paths that are tilted towards it, with what says whether to believe it."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from stress.engine.plan import free_memory, plan
from stress.errors import NotEnoughResources
from stress.options import Progress, RunOptions, whole
from stress.questions.answers import answer_attributes, answer_spec, seal
from stress.questions.rare.asked import Asked, read_asked
from stress.questions.rare.mixture import weights
from stress.questions.rare.pilot import PATHS as PILOT_PATHS
from stress.questions.rare.pilot import Fitted, check_model, fit_tilt
from stress.questions.rare.sampler import Sampler
from stress.results.answers.rare.dataset import GROUP, WEIGHTS, Question, rare_dataset, weights_dataset
from stress.results.answers.rare.estimates import Paths
from stress.results.answers.rare.words import warning_of
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.taken import taken
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import as_scenario
from stress.scenarios.schema.scenario import Scenario

QUESTION = "rare"
PATHS = 100_000
BYTES_OF_A_PATH = 120  # losses, weights and what they are worked out with
BYTES_OF_A_COMPONENT = 28


def rare(
    scenario: str | Path | Mapping[str, Any] | Scenario | Problem,
    question: str | None = None,
    paths: float | str = PATHS,
    seed: int = 1,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> xr.DataTree:
    """Estimate a rare loss or default by importance sampling, the tilt being fitted to the question by pilots.

    Args:
        scenario: as for `stress.run`; its draws must be gaussian, student_t, factor or garch.
        question: "es(system, 0.999)", "var(FUND, 0.999)", "loss(FUND) > 30 %", "default(FUND)"; None: ES of the
            system at the highest level of the scenario.
        paths: of the estimate; the pilots' are few and come on top.
        seed: of all of them.
        out: directory to write, or its URL; None keeps the answer in memory only.
        overwrite: replace what is in `out`.
        progress: called now and then.
        options: further fields of `RunOptions`, such as `precision="float64"`.

    Returns:
        Groups `rare` (`answer`, and further figures of the same paths) and `weights`, see
        `stress.results.answers.rare.dataset`. Attribute `method` is "plain" where the pilot found no gain.
        Attribute `plain_check` is "rejected" where plain paths contradict the tilted ones; a warning says so.

    Raises:
        ScenarioError: the scenario is not valid, its draws cannot be tilted, or the question is none.
        ValueError: an option that is not possible.

    Example:
        >>> import stress
        >>> stress.rare("desk", "es(system, 0.999)")["rare"]["answer"]  # doctest: +SKIP
    """
    problem = scenario if isinstance(scenario, Problem) else build_problem(as_scenario(scenario))
    choice = RunOptions(paths=whole("paths", paths), seed=whole("seed", seed), **options)
    location = None if out is None else location_of(out)
    tree = rare_problem(problem, choice, read_asked(question, problem), location, overwrite, progress)
    if warning := warning_of(tree):
        warnings.warn(warning, stacklevel=2)
    return tree


def rare_problem(
    problem: Problem,
    options: RunOptions,
    asked: Asked,
    location: RunLocation | None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> xr.DataTree:
    """The answer for a resolved scenario, written to `location` unless that is None; raises what `rare` does."""
    report = progress or (lambda _: None)
    check_model(problem)
    planned_bytes(problem, options)

    def says(text: str) -> None:
        report(Progress(0, options.paths, text))

    sampler = Sampler(replace(problem, fund_groups={}), options, asked.row(problem), says)
    fitted = fit_tilt(sampler, asked, says=says)
    if location is None:
        return estimated(sampler, asked, fitted, report)
    wanted = {"for": asked.text, "pilot_paths": PILOT_PATHS, "tilt": fitted.mixture.document()}
    with taken(location, answer_spec(problem, options, QUESTION, wanted), overwrite) as run:
        tree = estimated(sampler, asked, fitted, report)
        seal(run, tree)
    return tree


def planned_bytes(problem: Problem, options: RunOptions) -> int:
    """Bytes of memory that an answer takes.

    Raises:
        NotEnoughResources: they are more than it may have.
    """
    planned = plan(problem, replace(options, store="summary", worst=0))
    needed = planned.memory_bytes + options.paths * (BYTES_OF_A_PATH + BYTES_OF_A_COMPONENT * (problem.steps + 2))
    allowed = options.max_memory if options.max_memory is not None else free_memory()
    if allowed is not None and needed > allowed:
        raise NotEnoughResources(
            f"{options.paths:,} weighted paths need about {needed / 2**20:,.0f} MiB of memory and may use "
            f"{allowed / 2**20:,.0f} MiB: every path is kept; use fewer"
        )
    return needed


def estimated(
    sampler: Sampler, asked: Asked, fitted: Fitted, report: Callable[[Progress], None] = lambda _: None
) -> xr.DataTree:
    """The answer by the paths of a mixture that was fitted before: groups `rare` and `weights`."""
    problem, options, mixture = sampler.problem, sampler.options, fitted.mixture
    ids = np.arange(options.paths, dtype=np.uint64)
    drawn = sampler.draw(mixture, ids, lambda done: report(Progress(done, options.paths, "simulating")))
    report(Progress(options.paths, options.paths, "estimating"))
    alone = np.full(len(ids), np.nan)
    tilted = drawn.components > 0
    if tilted.any():
        among = np.arange(len(mixture.slots)) > 0
        alone[tilted] = weights(drawn.ratios[:, tilted], drawn.components[tilted], among)
    paths = Paths(drawn.losses, drawn.weights, drawn.defaulted, drawn.components, alone)
    question = Question(asked.text, asked.kind, asked.who, asked.level, asked.bound)
    shares = [float(x) for x in mixture.slots / mixture.slots.sum()]
    plain = not tilted.any()
    why = "there are so few that none is tilted" if plain and not mixture.is_plain else fitted.why
    health = weights_dataset(question, paths, mixture.names, shares)
    found = {
        "asked": asked.text,
        "kind": asked.kind,
        "who": asked.who,
        "method": "plain" if plain else "tilt",
        "why_plain": why,
        "pilot_paths": PILOT_PATHS * fitted.stages,
        "plain_check": health.attrs["plain_check"],
        "tilt": json.dumps(mixture.document()),
    }
    numbers = {"gain": fitted.gain, "variance_ratio": fitted.fewer, "cost_ratio": fitted.cost}
    found |= {name: value for name, value in numbers.items() if math.isfinite(value)}
    attrs = answer_attributes(problem, options, QUESTION, **found)
    groups = {
        "/": xr.Dataset(attrs=attrs),
        GROUP: rare_dataset(question, paths, problem.estimation.levels),
        WEIGHTS: health,
    }
    return xr.DataTree.from_dict(groups, name=problem.name)
