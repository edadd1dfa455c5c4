"""`stress.sweep`: one scenario with other numbers, point by point, on the same draws."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stress.engine.chunks import Chunk
from stress.options import Progress, RunOptions, whole
from stress.questions.answers import answer_attributes, answer_spec, seal
from stress.questions.sweep.axes import Axis, Moved, Point, grid, latin_hypercube, parse_axes
from stress.results.answers.sweep.dataset import OF_DIMS, Swept, sweep_tree
from stress.results.answers.sweep.tipping import Bound
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.taken import taken
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import as_scenario
from stress.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr

QUESTION = "sweep"
PATHS = 10_000
MOST_LATIN = 10_000
Arrays = dict[str, npt.NDArray[Any]]
Report = Callable[[Progress], None]


class Sweep(NamedTuple):
    """What is asked."""

    axes: tuple[Axis, ...]
    points: list[Point]
    latin: bool
    bound: Bound
    tipping_axis: str | None  # None: none of them is numeric, or the points are no grid


def sweep(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    over: str | Sequence[str],
    latin: int | None = None,
    paths: float | str = PATHS,
    seed: int = 1,
    tipping: tuple[float, float] = (0.01, 0.05),
    tipping_axis: str | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Report | None = None,
    **options: Any,
) -> xr.DataTree:
    """Simulate a scenario at every point of a grid, or of a Latin hypercube, on the same draws.

    Args:
        scenario: as for `stress.run`.
        over: axes: "shocks.scale=0.5:2:0.25", "shocks.model=gaussian,student_t", "funds.*.gross*=0.5:1.5" (multiplies
            what stands there; 11 points without a step).
        latin: so many points of a Latin hypercube over the ranges in place of the grid.
        paths: of each point.
        seed: of all of them, and of the hypercube.
        tipping: a loss that trading adds, and the probability at which it counts as tipped.
        tipping_axis: along which; None = the first axis of numbers.
        out: directory to write, or its URL; None keeps the answer in memory only.
        overwrite: replace what is in `out`.
        resume: go on with the points that are finished there.
        progress: called after each point.
        options: further fields of `RunOptions`, such as `precision="float64"`.

    Returns:
        Groups `sweep` and, of a grid with an axis of numbers, `tipping`; see docs/sweep.md.

    Raises:
        ScenarioError: the scenario or an axis is not valid, or no point is feasible.
        ValueError: an option that is not possible.

    Example:
        >>> import stress
        >>> stress.sweep("desk", "funds.*.gross*=0.6:1:0.1")["sweep"]["system_es"]  # doctest: +SKIP
    """
    scenario = as_scenario(scenario)
    choice = RunOptions(paths=whole("paths", paths), seed=whole("seed", seed), **options)
    asked = asked_for([over] if isinstance(over, str) else over, latin, choice.seed, Bound(*tipping), tipping_axis)
    location = None if out is None else location_of(out)
    return sweep_scenario(scenario, asked, choice, location, overwrite, resume, progress)


def asked_for(over: Sequence[str], latin: int | None, seed: int, bound: Bound, tipping_axis: str | None) -> Sweep:
    """The points of a sweep.

    Raises:
        ScenarioError: see `parse_axes`; no such axis of numbers.
        ValueError: a number of points, a loss or a probability that is not possible.
    """
    axes = parse_axes(over)
    if latin is not None and not 2 <= latin <= MOST_LATIN:
        raise ValueError(f"latin = {latin} is not possible; allowed: 2 to {MOST_LATIN:,}")
    if not (0 <= bound.loss < 10 and 0 < bound.probability < 1):
        raise ValueError(f"tipping = {tuple(bound)} is not possible; allowed: a loss from 0 on, a probability below 1")
    points = grid(axes) if latin is None else latin_hypercube(axes, latin, seed)
    numeric = [axis.name for axis in axes if axis.numeric]
    if tipping_axis is not None and (latin is not None or tipping_axis not in numeric):
        allowed = "a grid" if latin is not None else f"an axis of numbers: {', '.join(numeric) or 'none here'}"
        raise ScenarioError("is no axis to tip along", file="--tipping-axis", key=tipping_axis, allowed=allowed)
    along = tipping_axis or (numeric[0] if numeric else None)
    return Sweep(axes, points, latin is not None, bound, None if latin is not None else along)


def sweep_scenario(
    scenario: Scenario,
    asked: Sweep,
    options: RunOptions,
    location: RunLocation | None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Report | None = None,
) -> xr.DataTree:
    """The answer for a scenario, written to `location` unless that is None; raises what `sweep` does."""
    moved, problem = Moved(scenario, asked.axes), build_problem(scenario)
    report = progress or (lambda _: None)
    if location is None:
        return _tree(problem, asked, options, dict(_worked_out(moved, asked, options, {}, report)))
    spec = answer_spec(problem, options, QUESTION, document(asked))
    with taken(location, spec, overwrite, resume) as run:
        done = {chunk.first: state for chunk, state in run.store.read_all()} if resume else {}
        for number, arrays in _worked_out(moved, asked, options, done, report):
            if number not in done:
                run.store.write(Chunk(number, number + 1), arrays)
            done[number] = arrays
        run.store.flush()
        tree = _tree(problem, asked, options, done)
        seal(run, tree)
    return tree


def document(asked: Sweep) -> dict[str, Any]:
    """What was asked, for the spec."""
    return {
        "axes": [axis.document() for axis in asked.axes],
        "latin": len(asked.points) if asked.latin else None,
        "tipping": list(asked.bound),
        "tipping_axis": asked.tipping_axis,
    }


def planned(scenario: Scenario, asked: Sweep, options: RunOptions) -> dict[str, Any]:
    """What a sweep will do: its points, those that cannot start, programs to compile, memory and device.

    Raises:
        ScenarioError, DeviceNotFound, NotEnoughResources: see `sweep`.
    """
    from stress.compile.structure import structure_of
    from stress.engine.plan import plan
    from stress.questions.lean import options_of_lean

    moved, structures, infeasible, memory = Moved(scenario, asked.axes), set(), 0, 0
    device = plan(build_problem(scenario), options_of_lean(options)).device
    for point in asked.points:
        try:
            problem = build_problem(moved.at(point))
        except ScenarioError as error:
            infeasible += 1
            if infeasible == len(asked.points):
                raise error
            continue
        structure = structure_of(problem, options.members)
        if structure not in structures:
            structures.add(structure)
            memory = max(memory, plan(problem, options_of_lean(options)).memory_bytes)
    return {
        **document(asked),
        "keys": {axis.name: list(moved.keys(axis)) for axis in asked.axes},
        "points": len(asked.points),
        "infeasible": infeasible,
        "programs": 2 * len(structures),
        "paths": options.paths,
        "memory_bytes": memory,
        "device": device,
    }


def _worked_out(
    moved: Moved, asked: Sweep, options: RunOptions, done: Mapping[int, Arrays], report: Report
) -> Iterator[tuple[int, Arrays]]:
    """Every point by number: its arrays, or why it is infeasible."""
    total, first_error, feasible = len(asked.points) * options.paths, None, False
    for number, point in enumerate(asked.points):
        arrays = done.get(number)
        if arrays is None:
            try:
                problem = build_problem(moved.at(point))
            except ScenarioError as error:
                first_error = first_error or error
                arrays = {"infeasible": np.array(" ".join(str(error).split()))}
            else:
                arrays = simulated(problem, asked.bound, options, lambda text: report(Progress(0, total, text)))
        feasible = feasible or "infeasible" not in arrays
        yield number, arrays
        report(Progress((number + 1) * options.paths, total, f"point {number + 1} of {len(asked.points)}"))
    if first_error is not None and not feasible:
        raise first_error


def simulated(problem: Problem, bound: Bound, options: RunOptions, says: Callable[[str], None]) -> Arrays:
    """The summary of a point, and how often trading adds more than the bound's loss."""
    from stress.questions.lean import run_lean
    from stress.results.dataset.summary import row_order, summary
    from stress.results.statistics.estimators import probability

    output = run_lean(problem, options, says)
    every = summary(output)
    table, figures = every.variables, list(every.data_vars)  # a DataArray for each takes as long as the figures
    assert output.stored is not None  # of a lean run
    metrics = output.stored.metrics
    added = metrics["fund_loss"] - metrics["fund_loss_static"]
    hits = [probability(int(np.count_nonzero(added[row] > bound.loss)), output.paths) for row in row_order(output)]
    arrays: Arrays = {f"data/{name}": np.asarray(table[name].values) for name in figures}
    for name in OF_DIMS:
        if name in table:
            labels = table[name].values
            arrays[f"coord/{name}"] = labels if labels.dtype.kind == "f" else labels.astype(str)
    for suffix, part in {"": "value", "_se": "se", "_ci_low": "low", "_ci_high": "high"}.items():
        values = np.array([getattr(one, part) for one in hits])
        arrays[f"data/prob_added_loss{suffix}"] = values[:-1]
        arrays[f"data/system_prob_added_loss{suffix}"] = values[-1]
    arrays["dims"] = np.array(json.dumps({str(name): list(map(str, table[name].dims)) for name in figures}))
    return arrays


def _tree(problem: Problem, asked: Sweep, options: RunOptions, done: Mapping[int, Arrays]) -> xr.DataTree:
    swept = Swept(
        axes=[axis.document() for axis in asked.axes],
        points=asked.points,
        latin=asked.latin,
        arrays=[done[number] for number in range(len(asked.points))],
        bound=asked.bound,
        tipping_axis=asked.tipping_axis,
    )
    return sweep_tree(swept, answer_attributes(problem, options, QUESTION, asked=document(asked)), problem.name)
