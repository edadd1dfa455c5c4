"""`stress.sensitivity`: which numbers of a scenario its figures depend on, and how far off they could be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stress.options import Progress, RunOptions, whole
from stress.questions.answers import answer_attributes, answer_spec, seal
from stress.questions.sensitivity.asked import POINTS, STEP, Asked, asked_for
from stress.questions.sensitivity.study import Study
from stress.results.answers.sensitivity.dataset import groups_of
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.taken import taken
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.ranges.groups import calibrated
from stress.scenarios.read import units
from stress.scenarios.read.loader import as_scenario
from stress.scenarios.read.python_values import as_in_a_file
from stress.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

QUESTION = "sensitivity"
PATHS = 4096


def sensitivity(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    by: str = "group",
    keys: str | Sequence[str] = (),
    step: float | str = STEP,
    points: int = POINTS,
    morris: int = 0,
    sobol: int = 0,
    paths: float | str = PATHS,
    seed: int = 1,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> xr.DataTree:
    """Elasticities of a scenario's figures, a tornado over the ranges of its numbers, and the interval they make.

    Args:
        scenario: as for `stress.run`; its `[[ranges]]` are read.
        by: "group": groups of judgement numbers move together; "number": each number alone.
        keys: names of groups or patterns of keys, each a parameter; default: all groups and all `[[ranges]]`.
        step: of the central differences, relative.
        points: of the Latin hypercube behind the total interval; 0: none.
        morris: trajectories of a Morris screening; 0: none.
        sobol: rows of the matrices behind Sobol indices, a power of two; 0: none.
        paths: of each of the runs.
        seed: of all of them, and of the designs.
        out: directory to write, or its URL; None keeps the answer in memory only.
        overwrite: replace what is in `out`.
        progress: called before each run.
        options: further fields of `RunOptions`, such as `precision="float64"`.

    Returns:
        Groups `sensitivity`, `ranges`, `tornado`, `total`, `points`, `morris` and `sobol`; see docs/sensitivity.md.

    Raises:
        ScenarioError: the scenario, a range or a key is not valid.
        ValueError: an option that is not possible.

    Example:
        >>> import stress
        >>> stress.sensitivity("desk")["sensitivity"]["es_elasticity"].sel(fund="system", level=0.99)  # doctest: +SKIP
    """
    scenario = as_scenario(scenario)
    choice = RunOptions(paths=whole("paths", paths), seed=whole("seed", seed), **options)
    names = [keys] if isinstance(keys, str) else list(map(str, () if keys is None else keys))
    designs = (whole("points", points), whole("morris", morris), whole("sobol", sobol))
    try:
        width = units.fraction(as_in_a_file(step))
    except units.UnitError as error:
        raise ValueError(f"step = {step!r} {error.problem}; allowed: {error.allowed}") from error
    asked = asked_for(scenario, by, names, width, *designs)
    location = None if out is None else location_of(out)
    return sensitivity_of(scenario, asked, choice, location, overwrite, progress)


def sensitivity_of(
    scenario: Scenario,
    asked: Asked,
    options: RunOptions,
    location: RunLocation | None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> xr.DataTree:
    """The answer for a scenario, written to `location` unless that is None; raises what `sensitivity` does."""
    if location is None:
        return _tree(scenario, asked, options, progress)
    spec = answer_spec(build_problem(scenario), options, QUESTION, asked.document())
    with taken(location, spec, overwrite) as run:
        tree = _tree(scenario, asked, options, progress)
        seal(run, tree)
    return tree


def _tree(
    scenario: Scenario, asked: Asked, options: RunOptions, progress: Callable[[Progress], None] | None
) -> xr.DataTree:
    import xarray as xr

    problem = build_problem(scenario)
    study = Study(scenario, problem, asked, options, progress or (lambda _: None))
    tables = groups_of(study.found())
    attrs = answer_attributes(
        problem,
        options,
        QUESTION,
        step=asked.step,
        by=asked.by,
        runs=study.runs,
        points=asked.points,
        morris=asked.morris,
        sobol=asked.sobol,
        points_left_out=study.left_out,
        cannot_start=study.reason,
        not_calibrated=_not_calibrated(scenario),
    )
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs), **tables}, name=problem.name)


def _not_calibrated(scenario: Scenario) -> str:
    origin = scenario.origin
    return calibrated(origin.scenario) if origin.library else ""
