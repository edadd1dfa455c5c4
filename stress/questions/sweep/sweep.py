"""`stress.sweep`: one scenario with other numbers, point by point, on the same draws."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stress.engine.chunks import Chunk
from stress.engine.sizes import devices_for
from stress.options import LOCAL, PLAIN, Progress, RunOptions, whole
from stress.questions.answers import answer_attributes, answer_spec, seal
from stress.questions.sweep.axes import Axis, Moved, Point, grid, latin_hypercube, parse_axes
from stress.questions.sweep.point import METHODS, Arrays, Says, simulated
from stress.results.answers.sweep.dataset import Swept, sweep_tree
from stress.results.answers.sweep.tipping import Bound
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.taken import taken
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read import units
from stress.scenarios.read.loader import as_scenario
from stress.scenarios.read.python_values import as_in_a_file
from stress.scenarios.schema.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

QUESTION = "sweep"
PATHS = 10_000
MOST_LATIN = 10_000
Report = Callable[[Progress], None]
Points = Iterator[tuple[int, Problem]]
Simulation = Callable[[Points, Says], Iterator[tuple[int, Arrays]]]  # as they are finished


class Sweep(NamedTuple):
    """What is asked."""

    axes: tuple[Axis, ...]
    points: list[Point]
    latin: bool
    bound: Bound
    tipping_axis: str | None  # None: none of them is numeric, or the points are no grid
    method: str = PLAIN  # one of METHODS


def sweep(
    scenario: str | Path | Mapping[str, Any] | Scenario,
    over: str | Sequence[str],
    latin: int | None = None,
    paths: float | str = PATHS,
    seed: int = 1,
    tipping: tuple[float, float] = (0.01, 0.05),
    tipping_axis: str | None = None,
    method: str = PLAIN,
    out: str | Path | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Report | None = None,
    executor: str | Client = LOCAL,
    workers: int | None = None,
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
        method: "plain", or "screen": sales are simulated on the paths that lose most held still and on one in 32 of the
            others, with larger errors than those of all paths, and several times as fast where funds trade on each.
        out: directory to write, or its URL; None keeps the answer in memory only.
        overwrite: replace what is in `out`.
        resume: go on with the points that are finished there.
        progress: called after each point.
        executor, workers: as for `stress.run`; a task is a point.
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
    if resume and (out is None or overwrite):
        raise ValueError("resume = True is not possible; allowed: with `out`, and without `overwrite`")
    scenario = as_scenario(scenario)
    choice = RunOptions(paths=whole("paths", paths), seed=whole("seed", seed), **options)
    latin = None if latin is None else whole("latin", latin)
    asked = asked_for(
        [over] if isinstance(over, str) else over, latin, choice.seed, _bound(tipping), tipping_axis, method
    )
    location = None if out is None else location_of(out)
    return sweep_scenario(scenario, asked, choice, location, overwrite, resume, progress, executor, workers)


def _bound(tipping: object) -> Bound:
    """A loss and a probability, numbers or texts with a unit."""
    try:
        loss, probability = map(units.fraction, as_in_a_file(tipping))
    except (TypeError, ValueError) as error:
        allowed = "a loss and a probability, (0.01, 0.05)"
        raise ValueError(f"tipping = {tipping!r} is not possible; allowed: {allowed}") from error
    return Bound(loss, probability)


def asked_for(
    over: Sequence[str],
    latin: int | None,
    seed: int,
    bound: Bound,
    tipping_axis: str | None,
    method: str = PLAIN,
) -> Sweep:
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
    if method not in METHODS:
        raise ValueError(f"method = {method!r} is not possible; allowed: {', '.join(METHODS)}")
    points = grid(axes) if latin is None else latin_hypercube(axes, latin, seed)
    numeric = [axis.name for axis in axes if axis.numeric]
    if tipping_axis is not None and (latin is not None or tipping_axis not in numeric):
        allowed = "a grid" if latin is not None else f"an axis of numbers: {', '.join(numeric) or 'none here'}"
        raise ScenarioError("is no axis to tip along", file="--tipping-axis", key=str(tipping_axis), allowed=allowed)
    along = tipping_axis or (numeric[0] if numeric else None)
    return Sweep(axes, points, latin is not None, bound, None if latin is not None else along, method)


def sweep_scenario(
    scenario: Scenario,
    asked: Sweep,
    options: RunOptions,
    location: RunLocation | None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Report | None = None,
    executor: str | Client = LOCAL,
    workers: int | None = None,
) -> xr.DataTree:
    """The answer for a scenario, written to `location` unless that is None; raises what `sweep` does."""
    moved, problem = Moved(scenario, asked.axes), build_problem(scenario)
    options = replace(options, device=devices_for(problem, options).kind)  # one for all points, wherever they are
    report = progress or (lambda _: None)
    with _simulation(problem, asked, options, executor, workers) as points:
        if location is None:
            return _tree(problem, asked, options, dict(_worked_out(moved, asked, options, {}, report, points)))
        spec = answer_spec(problem, options, QUESTION, document(asked))
        with taken(location, spec, overwrite, resume) as run:
            done = {chunk.first: state for chunk, state in run.store.read_all()} if resume else {}
            for number, arrays in _worked_out(moved, asked, options, done, report, points):
                if number not in done:
                    run.store.write(Chunk(number, number + 1), arrays)
                done[number] = arrays
            run.store.flush()
            tree = _tree(problem, asked, options, done)
            seal(run, tree)
    return tree


@contextmanager
def _simulation(
    problem: Problem, asked: Sweep, options: RunOptions, executor: str | Client, workers: int | None
) -> Iterator[Simulation]:
    """Who simulates points: this process, or those of a cluster."""
    if executor == LOCAL:

        def here(points: Points, says: Says) -> Iterator[tuple[int, Arrays]]:
            for number, at in points:
                yield number, simulated(at, asked.bound, options, asked.method, says)

        yield here
        return
    from stress.cluster.dask_executor import dask_cluster
    from stress.questions.sweep.task import simulate_point
    from stress.run_directory.spec import spec_of

    spec = spec_of(problem, options)
    with dask_cluster(executor, spec, workers) as cluster:

        def there(points: Points, _: Says) -> Iterator[tuple[int, Arrays]]:
            calls = (
                (str(number), (json.dumps(spec), at, asked.bound, options, asked.method, cluster.devices))
                for number, at in points
            )
            for label, arrays in cluster.each(simulate_point, calls):
                yield int(label), arrays

        yield there


def document(asked: Sweep) -> dict[str, Any]:
    """What was asked, for the spec."""
    return {
        "axes": [axis.document() for axis in asked.axes],
        "latin": len(asked.points) if asked.latin else None,
        "tipping": list(asked.bound),
        "tipping_axis": asked.tipping_axis,
        "method": asked.method,
    }


def _worked_out(
    moved: Moved, asked: Sweep, options: RunOptions, done: Mapping[int, Arrays], report: Report, simulation: Simulation
) -> Iterator[tuple[int, Arrays]]:
    """Every point by number, as it is finished: its arrays, or why it is infeasible."""
    count, refused, found = len(asked.points), dict[int, Arrays](), len(done)
    feasible = any("infeasible" not in arrays for arrays in done.values())

    def waiting() -> Points:
        for number, point in enumerate(asked.points):
            if number not in done:
                try:
                    yield number, build_problem(moved.at(point))
                except ScenarioError as error:
                    refused[number] = {"infeasible": np.array("; ".join(map(str.strip, str(error).splitlines())))}

    def says(text: str) -> None:
        report(Progress((found + len(refused)) * options.paths, count * options.paths, text))

    yield from done.items()
    for number, arrays in simulation(waiting(), says):
        feasible, found = True, found + 1
        yield number, arrays
        report(
            Progress(
                (found + len(refused)) * options.paths,
                count * options.paths,
                f"point {found + len(refused)} of {count}",
            )
        )
    if not feasible:
        build_problem(moved.at(asked.points[0]))  # says why
    yield from refused.items()
    report(Progress(count * options.paths, count * options.paths, f"point {count} of {count}"))


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
