"""`stress.ablate`: what each mechanism of a scenario adds, one at a time and in sequence, on the same draws."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from stress.options import Progress, RunOptions, whole
from stress.questions.ablation.mechanisms import mechanisms_of
from stress.questions.ablation.worlds import Worlds, count_runs
from stress.questions.answers import answer_attributes, answer_spec, seal
from stress.results.answers.ablation import dataset
from stress.results.answers.ablation.words import BASE, MECHANISMS
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.taken import taken
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import as_scenario
from stress.scenarios.schema.scenario import Scenario

QUESTION = "ablate"
PATHS = 20_000


def ablate(
    scenario: str | Path | Mapping[str, Any] | Scenario | Problem,
    without: str | Sequence[str] | None = None,
    paths: float | str = PATHS,
    seed: int = 1,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> xr.DataTree:
    """Take mechanisms out of a scenario, one at a time and one after the other, on the same draws.

    Args:
        scenario: as for `stress.run`.
        without: mechanisms, in the order in which the sequence takes them out: "retail", "evaporation", "crowding",
            "impact", "hikes", "calls", "rules"; None = all that the scenario has, in this order.
        paths: of each of the runs, of which there are as many as worlds, and for `crowding` as many as funds.
        seed: of all of them.
        out: directory to write, or its URL; None keeps the answer in memory only.
        overwrite: replace what is in `out`.
        progress: called before each run.
        options: further fields of `RunOptions`, such as `precision="float64"`.

    Returns:
        Group `ablate` of `stress.results.answers.ablation.dataset.ablation_dataset`: `es_added` is what a mechanism
        adds to all others, `es_step` what it adds in sequence, from the base up.

    Raises:
        ScenarioError: the scenario is not valid, or has none of the mechanisms.
        ValueError: an option that is not possible.

    Example:
        >>> import stress
        >>> stress.ablate("desk")["ablate"]["es_step"].sel(fund="system", level=0.99)  # doctest: +SKIP
    """
    problem = scenario if isinstance(scenario, Problem) else build_problem(as_scenario(scenario))
    choice = RunOptions(paths=whole("paths", paths), seed=whole("seed", seed), **options)
    location = None if out is None else location_of(out)
    without = [without] if isinstance(without, str) else without
    return ablate_problem(problem, choice, without, location, overwrite, progress)


def ablate_problem(
    problem: Problem,
    options: RunOptions,
    without: Sequence[str] | None,
    location: RunLocation | None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> xr.DataTree:
    """The answer for a resolved scenario, written to `location` unless that is None; raises what `ablate` does."""
    chosen = chosen_mechanisms(problem, without)
    if location is None:
        return _tree(problem, options, chosen, progress)
    spec = answer_spec(problem, options, QUESTION, {"without": list(chosen)})
    with taken(location, spec, overwrite) as run:
        tree = _tree(problem, options, chosen, progress)
        seal(run, tree)
    return tree


def chosen_mechanisms(problem: Problem, without: Sequence[str] | None) -> tuple[str, ...]:
    """What is taken out, in order.

    Raises:
        ScenarioError: a mechanism that there is not, or that the scenario does not have.
    """
    there = mechanisms_of(problem)
    where = problem.origin.scenario or problem.name
    if not there:
        raise ScenarioError(
            "has no mechanism to take out", file=where, key="without", allowed="a scenario with feedback"
        )
    chosen = tuple(dict.fromkeys(there if without is None else without))
    for name in chosen:
        if name not in there:
            problem_text = "is no mechanism of this scenario" if name in MECHANISMS else "is no mechanism"
            raise ScenarioError(problem_text, file=where, key="without", value=name, allowed=", ".join(there))
    if not chosen:
        raise ScenarioError("is empty", file=where, key="without", allowed=", ".join(there))
    return chosen


def worlds_of(chosen: Sequence[str]) -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """What is missing in each world: of those without one mechanism, and of the stages from the base up."""
    alone = {name: frozenset([name]) for name in chosen}
    order = list(reversed(chosen))
    stages = {name: frozenset(order[number:]) for number, name in enumerate([BASE, *order])}
    return alone, stages


def _tree(
    problem: Problem, options: RunOptions, chosen: Sequence[str], progress: Callable[[Progress], None] | None
) -> xr.DataTree:
    report = progress or (lambda _: None)
    alone, stages = worlds_of(chosen)
    total = runs_of(problem, chosen)

    def began(runs: int) -> None:
        report(Progress(runs * options.paths, total * options.paths, "simulating"))

    worlds = Worlds(problem, options, lambda text: report(Progress(0, total * options.paths, text)), began)
    found = dataset.Worlds(
        {name: worlds.without(missing) for name, missing in alone.items()},
        {name: worlds.without(missing) for name, missing in stages.items()},
    )
    report(Progress(total * options.paths, total * options.paths, "comparing"))
    random = problem.shocks.model != "none"
    table = dataset.ablation_dataset(found, problem.funds.types_file_order, problem.estimation.levels, random)
    table.attrs["base"] = base_of(problem, chosen)
    attrs = answer_attributes(problem, options, QUESTION, sequence=json.dumps(list(chosen)), runs=total, random=random)
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), QUESTION: table}, name=problem.name)


def base_of(problem: Problem, chosen: Sequence[str]) -> str:
    """What is left without all of them: "held still" where nobody trades, "funds held still" where buyers from outside
    still move prices, "the rest" where funds still trade."""
    there = set(mechanisms_of(problem))
    if not set(chosen) >= {"calls", "rules"} & there:
        return "the rest"
    return "funds held still" if "retail" in there and not {"retail", "impact"} & set(chosen) else "held still"


def runs_of(problem: Problem, chosen: Sequence[str]) -> int:
    """How many runs an ablation takes."""
    alone, stages = worlds_of(chosen)
    return count_runs([*alone.values(), *stages.values()], len(problem.funds.types))
