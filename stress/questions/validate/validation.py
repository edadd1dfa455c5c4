"""A validation from start to end: the user's scenario, then the built-in probes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stress.errors import InvariantFailed
from stress.options import RunOptions
from stress.questions.validate import engine_checks
from stress.questions.validate.agreement import Compared, against_reference
from stress.questions.validate.check import Check
from stress.questions.validate.draws import law_of_the_draw
from stress.questions.validate.engine import Run, run
from stress.questions.validate.figures.attribution import of_the_loss
from stress.questions.validate.figures.by_path import by_each_path
from stress.questions.validate.figures.contributions import contributions
from stress.questions.validate.figures.parts import parts_of
from stress.questions.validate.figures.steps import by_step
from stress.questions.validate.figures.summary import recomputed
from stress.questions.validate.figures.worst import worst_lists
from stress.questions.validate.invariants import of_model, of_paths
from stress.questions.validate.kernels import engine_draws
from stress.questions.validate.probes import CHANGES, probe, probe_draws
from stress.reference.state import State
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem

ENGINE_PATHS = 8192  # of each of the engine's runs
DRAWN = 4096  # paths whose draws are looked at
DERIVED = 4  # paths of problems that are derived from the scenario
MOST_PATHS, FEWEST_PATHS, WORK = 400, 16, 60_000
SCENARIO = "scenario"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Validation:
    """What a validation found."""

    name: str
    paths: int  # followed by both engine and reference
    engine_paths: int
    seed: int
    aside: tuple[int, ...]  # paths on which rounding decides
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)


def sample_size(problem: Problem) -> int:
    """Paths that the reference follows in some ten to thirty seconds: 400 of a small scenario, 16 at least."""
    work = problem.steps * (15 + len(problem.books.ids))
    return int(np.clip(WORK // work, FEWEST_PATHS, MOST_PATHS))


def validate(
    problem: Problem,
    options: RunOptions,
    paths: int | None = None,
    with_probes: bool = True,
    tell: Tell = lambda _: None,
) -> Validation:
    """Compare engine and reference on a scenario, look at what must hold, and walk through the probes.

    Args:
        problem: the resolved scenario.
        options: seed, devices and memory of the engine's runs.
        paths: that both follow; None = by the size of the scenario.
        with_probes: also walk through the built-in probes.
        tell: called with what is being done.

    Raises:
        ScenarioError: options, or a law, trigger or outside flow from outside the package: unknown to the reference.
    """
    try:
        State(problem)
    except NotImplementedError as error:
        allowed = "impact laws, triggers and outside flows of the package itself, without options"
        raise ScenarioError(str(error), file=problem.name, key="", allowed=allowed) from error
    paths = sample_size(problem) if paths is None else paths
    checks, compared = of_scenario(problem, options, paths, tell)
    if with_probes:
        checks += of_probes(tell=tell)
    aside = tuple(int(path) for path in compared.aside)
    return Validation(problem.name, paths, max(ENGINE_PATHS, paths), options.seed, aside, tuple(checks))


def of_scenario(problem: Problem, options: RunOptions, paths: int, tell: Tell) -> tuple[list[Check], Compared]:
    """Every check of one scenario."""
    problem = replace(problem, fund_groups={})  # the reference knows funds and the system
    tell(f"{paths} paths by kernels and reference, float64")
    drawn = engine_draws(problem, options.seed, max(DRAWN, paths))
    checks, compared = against_reference(SCENARIO, problem, drawn[:, :, :paths])
    checks += of_paths(SCENARIO, problem, compared.result)
    checks += law_of_the_draw(SCENARIO, problem, drawn)
    tell("problems derived from it, by the reference")
    checks += of_model(SCENARIO, problem, drawn[:, :, :DERIVED])
    try:
        checks += _of_runs(problem, options, paths, compared, tell)
    except InvariantFailed as error:  # the run's own look at its detailed paths
        checks.append(Check(SCENARIO, "what a run looks at on its detailed paths", np.inf, 0, str(error)))
    return checks, compared


def _of_runs(problem: Problem, options: RunOptions, paths: int, compared: Compared, tell: Tell) -> Iterator[Check]:
    many = max(ENGINE_PATHS, paths)
    tell(f"{many:,} paths by the engine, float64")
    double = run(problem, many, options.seed, "float64", paths, options)
    yield from of_figures(SCENARIO, double, compared)
    tell(f"{many:,} paths by the engine, float32, of this seed and of the next, in other blocks")
    single = run(problem, many, options.seed, "float32", paths, options)
    yield from engine_checks.precision(SCENARIO, problem, single.tree, double.tree)
    again = run(problem, many, options.seed, "float32", paths, options, block_size=1)
    yield from engine_checks.blocks(SCENARIO, single.tree, again.tree)
    other = run(problem, many, options.seed + 1, "float32", paths, options)
    yield from engine_checks.seeds(SCENARIO, problem, single.tree, other.tree)


def of_figures(part: str, found: Run, compared: Compared) -> Iterator[Check]:
    """Every figure of a run in float64 that stored its paths and followed those of the reference in detail."""
    yield from by_each_path(part, found, compared)
    yield from recomputed(part, compared.problem, found)
    yield from worst_lists(part, compared.problem, found)
    if len(compared.aside):
        return  # means over all paths hold those that were left aside
    parts = parts_of(compared)
    yield from by_step(part, found.tree, compared, parts)
    yield from of_the_loss(part, found.tree, compared, parts)
    yield from contributions(part, found, compared)


def of_probes(names: Sequence[str] = tuple(CHANGES), tell: Tell = lambda _: None) -> list[Check]:
    """Every probe: kernels against reference on draws that are not the engine's, and what must hold."""
    checks: list[Check] = []
    for name in names:
        tell(f"probe {name}")
        problem = probe(name)
        draws = probe_draws(problem)
        found, compared = against_reference(f"probe {name}", problem, draws)
        checks += [*found, *of_paths(f"probe {name}", problem, compared.result)]
        checks += of_model(f"probe {name}", problem, draws[:, :, :DERIVED])
    return checks
