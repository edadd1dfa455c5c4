"""A question that is answered beside a run: the method by which further paths of the run serve it."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import xarray as xr

from stress.engine.weighted.method import Method
from stress.engine.weighted.paths import planned_bytes
from stress.options import PLAIN, Progress, RunOptions
from stress.questions.rare.asked import read_asked
from stress.questions.rare.choose import check_method, chosen
from stress.results.answers.rare.question import Question
from stress.results.answers.rare.words import warning_in
from stress.results.files.store import SPEC
from stress.run_directory.method import check_wanted, method_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import read_spec
from stress.run_directory.taken import check_vacant
from stress.scenarios.problem import Problem


def asked_of(problem: Problem, options: RunOptions, method: str, question: str | None) -> Question | None:
    """The question that a run's further paths serve; None where all paths are to be plain.

    Args:
        problem: the scenario.
        options: of the run.
        method: of `stress.questions.rare.choose.METHODS`.
        question: as `read_asked` takes it.

    Raises:
        ScenarioError, ValueError: there is no such method or question, or the draws cannot be tilted.
        NotEnoughResources: its paths take more memory than they may.
    """
    check_method(method, problem)
    if method == PLAIN:
        if question is not None:
            raise ValueError("a question needs a method of its own; allowed: method = auto, screen or tilt")
        return None
    planned_bytes(problem, options)
    return read_asked(question, problem, options.members)


def method_for(
    problem: Problem,
    options: RunOptions,
    method: str,
    question: str | None = None,
    begun: RunLocation | None = None,
    progress: Callable[[Progress], None] | None = None,
    out: RunLocation | None = None,
    overwrite: bool = False,
) -> Method | None:
    """The method of a run, whose paths come after the run's own: fitted now, or that of a run that was begun there.

    A new run is to be written to `out`, which is looked at before any pilot is simulated.

    Raises:
        RunExists: another run is in `out`.
        OtherRun: the run there was begun with another one.
        ScenarioError, ValueError, NotEnoughResources: see `asked_of`.
    """
    asked = asked_of(problem, options, method, question)
    if begun is not None and begun.has(SPEC):
        begun.fetch(SPEC)
        there = method_of(read_spec(begun.folder), begun.name)
        check_wanted(begun.name, there, method, "" if asked is None else asked.text)
        return there
    if out is not None:
        check_vacant(out, overwrite)
    if asked is None:
        return None

    def says(text: str) -> None:
        if progress is not None:
            progress(Progress(0, options.paths, text))

    return chosen(problem, options, method, asked, options.paths, says)


def warned(tree: xr.DataTree) -> xr.DataTree:
    """A result, with a warning where its plain paths contradict the figure beside it."""
    if warning := warning_in(tree):
        warnings.warn(warning, stacklevel=3)
    return tree
