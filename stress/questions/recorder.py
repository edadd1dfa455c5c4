"""Paths recorded round by round, and held against what the ordinary programs make of the same paths."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import jax
import numpy as np
import numpy.typing as npt
from jax.sharding import Mesh

from stress.compile.matrices import group_nav
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.detail.by_name import by_name
from stress.engine.devices import Devices
from stress.engine.kept.programs import ready
from stress.engine.path_tables import path_table, select_paths
from stress.engine.runner import groups_in_file_order
from stress.engine.simulator import Finished, Simulator
from stress.engine.sizes import tiles_per_call
from stress.kernels.path import PathMetrics, simulate_given
from stress.kernels.recording import RecordedStep, record, record_given
from stress.kernels.structure import Structure
from stress.options import RunOptions
from stress.results.dataset.components import cause_names, every_trigger
from stress.results.statistics.rows import of_paths
from stress.results.statistics.simulation_output import PATH_METRICS, PathTable
from stress.results.story.recorded_path import Moments, RecordedPath
from stress.scenarios.problem import Problem

ROUNDS = 32  # that a first recording has room for
GIVEN = 64  # columns of a path through given moves, all the same


@lru_cache(maxsize=8)
def _program(structure: Structure, capacity: int) -> Any:
    return jax.jit(partial(record, structure, capacity=capacity))


@lru_cache(maxsize=8)
def _program_given(structure: Structure, capacity: int) -> Any:
    return jax.jit(partial(record_given, structure, capacity=capacity))


@lru_cache(maxsize=8)
def _path_given(structure: Structure) -> Any:
    return jax.jit(partial(simulate_given, structure))


class Recorder:
    """Records single paths of one scenario; the programs are compiled once."""

    def __init__(self, problem: Problem, options: RunOptions, devices: Devices) -> None:
        self.problem, self.options, self.devices = problem, options, devices
        self.structure = structure_of(problem, options.members)
        self.params = params_of(problem, options.seed, options.precision, options.members)
        self._at = devices.mesh.devices.flat[0]
        self._mesh, self._with_twin = Mesh([self._at], "one"), self.structure._replace(twin=True)

    def recorded(self, path: int) -> RecordedPath:
        """The path with that id, whole."""
        with jax.enable_x64(self.options.precision == "float64"):
            words = (np.full(self.devices.tile, part, np.uint32) for part in (path & 0xFFFFFFFF, path >> 32))
            metrics, steps = self._recording("record", _program, *words)
            outcome = self._outcome(path)
        return _plain(self.problem, self.options, self.structure, path, metrics, steps, outcome)

    def through(self, draws: npt.NDArray[Any]) -> RecordedPath:
        """The path with these log returns in the place of its draw, (step, asset), whole; it has the id 0."""
        with jax.enable_x64(self.options.precision == "float64"):
            moves = np.repeat(draws.astype(self.params.shocks.mean.dtype)[..., None], GIVEN, axis=2)
            metrics, steps = self._recording("record given", _program_given, moves)
            inputs = jax.device_put((self.params, moves), self._at)
            program = ready(_path_given(self._with_twin), "given", self._with_twin, self._mesh, inputs)
            found = jax.tree.map(lambda x: x[..., 0], jax.device_get(program(*inputs)))
        outcome = _without_groups(self.problem, _table(0, found))
        return _plain(self.problem, self.options, self.structure, 0, metrics, steps, outcome)

    def _recording(self, name: str, program_of: Any, *path: Any) -> tuple[PathMetrics, RecordedStep]:
        """The recording, again with more room where a step has more rounds than the last one had."""
        capacity = min(ROUNDS, self.structure.max_rounds)
        inputs = jax.device_put((self.params, *path), self._at)
        while True:
            program = ready(
                program_of(self.structure, capacity), f"{name} {capacity}", self.structure, self._mesh, inputs
            )
            metrics, steps = jax.device_get(program(*inputs))
            most = int(steps.report.rounds.max())
            if most <= capacity:
                return metrics, steps
            capacity = min(1 << (most - 1).bit_length(), self.structure.max_rounds)

    def _outcome(self, path: int) -> PathTable:
        """The path's figures from the compiled programs of the run, as the run computed them."""
        tiles = tiles_per_call(self.options, self.devices)
        simulator = Simulator(self.structure, self.params, self.devices, tiles)
        ids = np.array([path], np.uint64)
        blocks = [Finished(x.tiled, jax.device_get(x.block)) for x in simulator.run(ids)]
        table = select_paths(path_table(blocks, len(self.problem.funds.brokers)), ids)
        return _without_groups(self.problem, table)


def _plain(
    problem: Problem,
    options: RunOptions,
    structure: Structure,
    path: int,
    metrics: PathMetrics,
    steps: RecordedStep,
    outcome: PathTable,
) -> RecordedPath:
    """The recording in the terms of `RecordedPath`, cut to the rounds there are, in float64."""
    report, kept = steps.report, steps.cascade
    assets, members, books = len(problem.assets.ids), len(problem.funds.ids), len(problem.books.ids)
    count, rounds = problem.steps, np.asarray(report.rounds, np.int64)
    moments = int(rounds.max()) + 1

    def floats(values: Any, *shape: int) -> Any:
        """Values in float64; a mechanism that is off left no rows, and gives zeros."""
        values = np.asarray(values, np.float64)
        return values if values.shape == shape else np.zeros(shape)

    def by_step(values: Any, entities: int) -> Any:
        return floats(values, count, entities)

    def by_moment(values: Any, *entities: int) -> Any:
        """(step, moment, ...) of the recording, or (step, ...) of a step's end where nobody trades."""
        values = np.asarray(values)
        return floats(values[:, :moments] if kept is not None else values[:, None], count, moments, *entities)

    loaded = bool(structure.sources)
    compiled, every = cause_names(structure.outside, loaded), cause_names(loadings=loaded)
    if kept is None:
        nothing: Any = np.zeros((count, 0))
        now: dict[str, Any] = {name: getattr(report, name) for name in ("price", "profit", "gross", "net", "held")}
        now |= dict.fromkeys(("flow", "worst", "required", "done", "causes"), nothing)
        sale = build = asked = asked_build = size = nothing
        flows: Any = np.zeros((count, 0, assets))
        age: Any = np.full((count, members), -1)
    else:
        now = kept.moments._asdict()
        now["causes"] = by_name(np.asarray(now["causes"]), compiled, every, axis=2)
        sale, build = np.asarray(kept.orders.sale), np.asarray(kept.orders.build)
        asked, asked_build = (
            by_name(np.asarray(x), structure.triggers, every_trigger(), axis=2)
            for x in (kept.orders.asked, kept.orders.asked_build)
        )
        age, size, flows = kept.age, np.asarray(kept.size), np.asarray(kept.outside)
    entities: dict[str, tuple[int, ...]] = {"price": (assets,), "flow": (assets,), "held": (books,), "done": (books,)}
    entities["causes"] = (len(every), members)
    found = {name: by_moment(now[name], *entities.get(name, (members,))) for name in Moments.__annotations__}
    groups = problem.funds.ids if options.members else problem.funds.types
    return RecordedPath(
        problem=problem,
        groups=groups,
        groups_file_order=groups_in_file_order(problem, options.members),
        group_nav=group_nav(problem, options.members),
        group_of=np.arange(members) if options.members else np.asarray(problem.funds.type_of),
        moments=Moments(**(found | {"done": found["done"] > 0})),
        rounds=rounds,
        sale=by_moment(sale, books),
        build=by_moment(build, books),
        asked=by_moment(asked, len(every_trigger()), books),
        asked_build=by_moment(asked_build, len(every_trigger()), books),
        age=np.asarray(age, np.int64),
        size=by_step(size, members),
        draw=by_step(steps.draw, assets),
        outside_flow={name: by_step(flows[:, i], assets) for i, name in enumerate(structure.outside)},
        depth=by_step(report.depth, assets),
        volatility=np.sqrt(report.variance).astype(np.float64)
        if report.variance.shape[1]
        else np.ones((count, assets)),
        outside=by_step(report.outside, members),
        rebound=by_step(report.rebound, members),
        profit_static=by_step(report.static_profit, members),
        call_open=np.asarray(report.call_open, bool),
        defaulted=np.asarray(report.defaulted, bool),
        metrics=_without_groups(problem, _table(path, metrics)),
        outcome=outcome,
    )


def _table(path: int, metrics: PathMetrics) -> PathTable:
    """Metrics of the recording, (row,), as a table of one path."""
    return PathTable(
        path_ids=np.array([path], np.uint64),
        metrics={name: np.asarray(getattr(metrics, name), np.float64)[:, None] for name in PATH_METRICS},
        first_call_step=np.asarray(metrics.first_call_step, np.int64)[:, None],
        defaulted=np.asarray(metrics.defaulted, bool)[:, None],
        broker_loss=np.asarray(metrics.broker_loss, np.float64)[:, None],
    )


def _without_groups(problem: Problem, table: PathTable) -> PathTable:
    """The rows of funds and of the system."""
    rows, groups = len(table.first_call_step), len(problem.fund_groups)
    return of_paths(table, [*range(rows - 1 - groups), rows - 1]) if groups else table
