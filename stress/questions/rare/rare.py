"""`stress.rare`: a rare loss or default from paths that are tilted towards it, with what says whether to believe it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from stress.engine.weighted.answer import datasets, facts
from stress.engine.weighted.method import Method
from stress.engine.weighted.paths import MethodSimulator, paths_of, planned_bytes
from stress.options import Progress, RunOptions, whole
from stress.questions.answers import answer_attributes, answer_spec, seal
from stress.questions.rare.asked import read_asked
from stress.questions.rare.choose import AUTO, check_method, chosen
from stress.results.answers.protocol import QUESTION as ANSWER
from stress.results.answers.rare.dataset import GROUP, WEIGHTS
from stress.results.answers.rare.estimates import Paths
from stress.results.answers.rare.question import Question
from stress.results.answers.rare.words import warning_of
from stress.results.files.store import SPEC
from stress.run_directory.location import location_of
from stress.run_directory.method import check_wanted, fitted
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import METHOD_DIGEST, OtherRun, read_spec
from stress.run_directory.taken import check_vacant, taken
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import as_scenario
from stress.scenarios.schema.scenario import Scenario

QUESTION = "rare"
PATHS = 100_000


def rare(
    scenario: str | Path | Mapping[str, Any] | Scenario | Problem,
    question: str | None = None,
    paths: float | str = PATHS,
    seed: int = 1,
    out: str | Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
    method: str = AUTO,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> xr.DataTree:
    """Estimate a rare loss or default from few paths: by importance sampling, or by screening, as pilots decide.

    Args:
        scenario: as for `stress.run`.
        question: "es(system, 0.999)", "var(FUND, 0.999)", "loss(FUND) > 30 %", "default(FUND)", of a fund or a group;
            None: that of the scenario, else ES of the system at its highest level.
        paths: of the estimate; the pilots' are few and come on top.
        seed: of all of them.
        out: directory to write, or its URL; None keeps the answer in memory only.
        overwrite: replace what is in `out`.
        resume: go on with the paths that are finished there.
        method: "tilt" (gaussian, student_t, factor and garch draws), "screen", "plain", or "auto": what gains most.
        progress: called now and then.
        options: further fields of `RunOptions`, such as `precision="float64"`.

    Returns:
        Groups `rare` (`answer`, and further figures of the same paths) and `weights`, see
        `stress.results.answers.rare.dataset`. Attribute `method` is "plain" where the pilots found no gain.
        Attribute `plain_check` is "rejected" where plain paths contradict the tilted ones; a warning says so.

    Raises:
        ScenarioError: the scenario is not valid, its draws cannot be tilted as asked for, or the question is none.
        OtherRun: there is another answer to resume than this one.
        ValueError: an option that is not possible.

    Example:
        >>> import stress
        >>> stress.rare("desk", "es(system, 0.999)")["rare"]["answer"]  # doctest: +SKIP
    """
    if resume and (out is None or overwrite):
        raise ValueError("resume = True is not possible; allowed: with `out`, and without `overwrite`")
    problem = scenario if isinstance(scenario, Problem) else build_problem(as_scenario(scenario))
    choice = RunOptions(paths=whole("paths", paths), seed=whole("seed", seed), **options)
    location = None if out is None else location_of(out)
    asked = read_asked(question, problem, choice.members)
    tree = rare_problem(problem, choice, asked, location, overwrite, progress, method, resume)
    if warning := warning_of(tree):
        warnings.warn(warning, stacklevel=2)
    return tree


def rare_problem(
    problem: Problem,
    options: RunOptions,
    asked: Question,
    location: RunLocation | None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    wanted: str = AUTO,
    resume: bool = False,
) -> xr.DataTree:
    """The answer for a resolved scenario, written to `location` unless that is None; raises what `rare` does."""
    report = progress or (lambda _: None)
    check_method(wanted, problem)
    planned_bytes(problem, options)

    def says(text: str) -> None:
        report(Progress(0, options.paths, text))

    method = _begun(location, wanted, asked) if location is not None and resume else None
    if method is None:
        if location is not None:
            check_vacant(location, overwrite, resume)  # before any pilot
        method = chosen(problem, options, wanted, asked, 0, says)
    simulator = MethodSimulator(problem, options, method, says)
    if location is None:
        return answer(problem, options, method, paths_of(simulator, None, report))
    asked_for = {"for": asked.text, "method": method.document(), METHOD_DIGEST: method.digest()}
    spec = answer_spec(problem, options, QUESTION, asked_for)
    with taken(location, spec, overwrite, resume) as run:
        tree = answer(problem, options, method, paths_of(simulator, run.store, report))
        seal(run, tree)
    return tree


def _begun(location: RunLocation, wanted: str, asked: Question) -> Method | None:
    """The method of an answer that was begun, whose numbers are not fitted again; None where nothing was begun.

    Raises:
        OtherRun: it was another question, or by another method.
        UnfinishedRun: the method that stands there has been changed.
    """
    if not location.has(SPEC):
        return None
    location.fetch(SPEC)
    there = read_spec(location.folder).get(ANSWER)
    if not isinstance(there, dict) or there.get("name") != QUESTION:
        raise OtherRun(f"{location.name} holds no answer of `levstress {QUESTION}`")
    method = fitted(there.get("method"), there.get(METHOD_DIGEST), location.name)
    check_wanted(location.name, method, wanted, asked.text)
    return method


def answer(problem: Problem, options: RunOptions, method: Method, paths: Paths) -> xr.DataTree:
    """The answer by the paths of a method: groups `rare` and `weights`."""
    figures, health = datasets(method, paths, problem.estimation.levels)
    found = facts(method, health.attrs["plain_check"], tilted=not paths.plain)
    attrs = answer_attributes(problem, options, QUESTION, **found)
    groups = {"/": xr.Dataset(attrs=attrs), GROUP: figures, WEIGHTS: health}
    return xr.DataTree.from_dict(groups, name=problem.name)
