"""`stress.reverse`: the most plausible shocks that bring something about, and how often it happens anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stress.options import Progress, RunOptions, whole
from stress.questions.limit_grammar import LimitError
from stress.questions.reverse.event import Event, check_event, parse_event
from stress.run_directory.run_location import RunLocation
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.conditions.option import Shock as Conditioned
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import as_scenario
from stress.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

QUESTION = "reverse"
PATHS, ANSWERS, STORIES = 100_000, 3, 1


def reverse(
    scenario: str | Path | Mapping[str, Any] | Scenario | Problem,
    limit: str | None = None,
    paths: float | str = PATHS,
    seed: int | str = 1,
    answers: int = ANSWERS,
    stories: int = STORIES,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    shock: Conditioned = (),
    **options: Any,
) -> xr.DataTree:
    """The most plausible shocks with which something happens, through margin calls, sales and their impact.

    Args:
        scenario: as for `stress.run`; its draw has to be made of normals (gaussian, student_t, factor, garch).
        limit: what is to happen: `loss(system) > 15 %`, `called(quant)`, `default(multistrat)`, see docs/reverse.md.
            None: the system loses more than its own VaR at 99.9 %, as the plain paths have it.
        paths: of the plain run that tells how often it happens, and of the seed's draws that the search starts from.
        seed: of that run and of the random search.
        answers: at most so many distinct shocks.
        stories: of the first so many of them the whole story, as `stress.replay` tells it.
        out: directory to write; None keeps the answer in memory.
        overwrite: replace a finished answer in `out`.
        progress: called before each part of the work.
        shock: moves that the draw is conditioned on, as for `stress.run`.
        options: further fields of `RunOptions`.

    Returns:
        Group `reverse` (answer, step, asset, fund) and groups `story_1`, ...; see docs/reverse.md.

    Raises:
        ScenarioError: the scenario is not valid, its model of shocks is not made of normals, there is no such fund, or
            it happens without any shock.
        ValueError: an option that is not possible, a limit that is none.
        DeviceNotFound, NotEnoughResources, InvariantFailed, RunExists, InUse, CannotWrite: see `stress.run`.

    Example:
        >>> import stress
        >>> tree = stress.reverse("desk", "loss(system) > 15 %")  # doctest: +SKIP
        >>> tree["reverse"]["move"].sel(answer=1).sum("step")  # doctest: +SKIP
    """
    from stress.run_directory.location import location_of

    if isinstance(scenario, Problem):
        if shock:
            raise ValueError("shock needs a scenario, not a problem; allowed: what `load_scenario` returned")
        problem = scenario
    else:
        found = as_scenario(scenario)
        problem = build_problem(found.shock(shock) if shock else found)
    choice = RunOptions(paths=whole("paths", paths), seed=whole("seed", seed), **options)
    event = None if limit is None else parse_event(limit)
    location = None if out is None else location_of(out)
    counts = whole("answers", answers), whole("stories", stories)
    return reverse_problem(problem, event, choice, location, overwrite, *counts, progress)


def reverse_problem(
    problem: Problem,
    event: Event | None,
    options: RunOptions,
    location: RunLocation | None,
    overwrite: bool = False,
    answers: int = ANSWERS,
    stories: int = STORIES,
    progress: Callable[[Progress], None] | None = None,
) -> xr.DataTree:
    """The same of a resolved scenario; raises what `reverse` does."""
    checked(problem, event, options, answers, stories)
    from stress.engine.sizes import devices_for

    devices_for(problem, options)  # JAX is set up before it is imported
    from stress.questions.answers import answer_attributes, answer_spec, seal
    from stress.questions.reverse.answering import answer
    from stress.results.answers.reverse.dataset import to_tree
    from stress.run_directory.taken import taken

    def says(text: str) -> None:
        if progress is not None:
            progress(Progress(0, options.paths, text))

    def made() -> xr.DataTree:
        found = answer(problem, event, options, answers, stories, says)
        return to_tree(replace(found, attrs=answer_attributes(problem, options, QUESTION, **found.attrs)))

    if location is None:
        return made()
    asked = {"limit": None if event is None else event.text, "answers": answers, "stories": stories}
    with taken(location, answer_spec(problem, options, QUESTION, asked), overwrite) as run:
        tree = made()
        seal(run, tree)
    return tree


def checked(problem: Problem, event: Event | None, options: RunOptions, answers: int, stories: int) -> None:
    """Refuse what cannot be asked, before anything is compiled; raises what `reverse` does."""
    from stress.questions.reverse.model import check_model

    for name, value, least in (("answers", answers, 1), ("stories", stories, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 20:
            raise ValueError(f"{name} = {value!r} is not possible; allowed: {least} to 20")
    check_model(problem)
    if event is not None:
        check_event(event, problem, options.members)
    elif options.paths < 1000:
        raise LimitError(f"{options.paths} paths say nothing of a VaR: give a limit, or 1,000 paths and more")
