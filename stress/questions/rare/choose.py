"""By which method a question is answered: as asked for, or the one that gains most by its pilot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from stress.engine.weighted.method import Method
from stress.engine.weighted.sampler import Sampler
from stress.options import PLAIN, SCREEN, TILT, RunOptions
from stress.questions.rare.asked import row_of
from stress.questions.rare.pilot import PATHS, STAGES, Fitted, check_model, costs_of, fit_tilt, tilts
from stress.questions.rare.screening import PATHS as PATHS_OF_SCREENING
from stress.questions.rare.screening import fit_screen
from stress.results.answers.rare.question import Question
from stress.results.answers.rare.words import NAMES
from stress.scenarios.problem import Problem

AUTO = "auto"
METHODS = (AUTO, PLAIN, SCREEN, TILT)


def check_method(wanted: str, problem: Problem) -> None:
    """Refuse what no pilot is needed to refuse.

    Raises:
        ValueError: there is no such method.
        ScenarioError: a tilt of draws that are not made of normals alone.
    """
    if wanted not in METHODS:
        raise ValueError(f"method = {wanted!r} is not possible; allowed: {', '.join(METHODS)}")
    if wanted == TILT:
        check_model(problem)


def most_pilot_paths(wanted: str, problem: Problem) -> int:
    """How many paths the pilots of a method may take."""
    tilted = wanted == TILT or (wanted == AUTO and tilts(problem))
    return tilted * (STAGES + 1) * PATHS + (wanted in (AUTO, SCREEN)) * PATHS_OF_SCREENING


def chosen(
    problem: Problem,
    options: RunOptions,
    wanted: str,
    asked: Question,
    first: int = 0,
    says: Callable[[str], None] = lambda _: None,
) -> Method:
    """Fit what is asked for; under "auto" what gains most at equal cost, and plain paths where nothing gains.

    What is asked for by name is done without a gain, too, as far as the pilot could fit it. The same on every machine:
    gains are of pilots on ids of their own, costs from a table.

    Args:
        problem: the scenario.
        options: of the paths; as many of them by the method.
        wanted: of METHODS.
        asked: the question.
        first: id of the first path.
        says: is told what one waits for.

    Raises:
        ScenarioError, ValueError: see `check_method`.
    """
    check_method(wanted, problem)
    row = row_of(asked, problem, options.members)
    method = Method(wanted, PLAIN, asked, row, first, options.paths)
    if wanted == PLAIN:
        return replace(method, why="asked for")
    sampler = Sampler(problem, options, row, says)
    spent, best, name = 0, None, PLAIN
    reasons = dict[str, str]()

    def try_one(its: str, found: Fitted) -> None:
        nonlocal spent, best, name
        spent += found.paths
        reasons[its] = found.why
        by_name = wanted == its and found.numbers is not None
        if by_name or (found.gains and (best is None or found.gain > best.gain)):
            best, name = found, its

    if wanted == TILT or (wanted == AUTO and tilts(problem)):
        try_one(TILT, fit_tilt(sampler, asked, says=says))
    costs = costs_of(sampler)
    most = costs.plain(1.0)  # what screening could gain if it cost no more than holding paths still
    if wanted == SCREEN or (wanted == AUTO and (best is None or best.gain < most)):
        says("pilot of screening")
        try_one(SCREEN, fit_screen(sampler, asked))
    if best is None:
        return replace(method, pilot_paths=spent, why=_joined(reasons))
    return replace(
        method,
        name=name,
        numbers=best.numbers,
        expected=(best.gain, best.fewer, best.cost),
        pilot_paths=spent,
        why=best.why,
    )


def _joined(reasons: Mapping[str, str]) -> str:
    """Why no method was taken, each with its own reason, or the one that they share."""
    if len(set(reasons.values())) == 1:
        return next(iter(reasons.values()))
    return "; ".join(f"{why} ({NAMES[name]})" for name, why in reasons.items())
