"""The result of a run: that of its plain paths, and beside it what the paths of its method say of their question."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import xarray as xr

from stress.engine import runner
from stress.engine.chunk_simulator import Pace
from stress.engine.chunks import Chunk, FinishedChunks
from stress.engine.totals import State
from stress.engine.weighted.answer import datasets, facts
from stress.engine.weighted.method import Method
from stress.engine.weighted.paths import PATHS_OF_A_CHUNK, MethodSimulator, paths_of
from stress.options import PLAIN, Progress, RunOptions
from stress.results.answers.rare.beside import HEALTH, plain_figure
from stress.results.answers.rare.dataset import GROUP
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.plain_check import PLAIN as ALL_PLAIN
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.problem import Problem


def whole_tree(
    problem: Problem,
    options: RunOptions,
    method: Method | None = None,
    progress: Callable[[Progress], None] | None = None,
    store: FinishedChunks | None = None,
    elsewhere: runner.Executor | None = None,
) -> xr.DataTree:
    """Simulate what is not in the store, and put the result together; see `stress.engine.runner.execute`.

    With a method there are the groups `rare` and `diagnostics/weights`, too; all others are those without it.
    """
    output = runner.execute(problem, options, progress, store, elsewhere)
    tree = to_datatree(output)
    if method is not None:
        _add(tree, output, options, method, progress or (lambda _: None), store, elsewhere)
    return tree


def _add(
    tree: xr.DataTree,
    output: SimulationOutput,
    options: RunOptions,
    method: Method,
    progress: Callable[[Progress], None],
    store: FinishedChunks | None,
    elsewhere: runner.Executor | None,
) -> None:
    plain = plain_figure(method.question, output)
    if method.name == PLAIN:  # the run's own paths are the answer
        tree[GROUP] = xr.DataTree(plain.assign_attrs(facts(method, ALL_PLAIN)))
        return

    def says(text: str) -> None:
        progress(Progress(0, method.paths, text))

    def there(gaps: list[Chunk], seen: Callable[[int], None]) -> Iterator[tuple[Chunk, State]]:
        assert elsewhere is not None
        for chunk, state in elsewhere.chunks(Pace(PATHS_OF_A_CHUNK, runner.SECONDS_OF_A_TASK), gaps, lambda: []):
            seen(chunk.last - chunk.first)
            yield chunk, state

    simulator = MethodSimulator(output.problem, options, method, says)
    paths = paths_of(simulator, store, progress, None if elsewhere is None else there)
    figures, health = datasets(method, paths, output.problem.estimation.levels)
    found = facts(method, health.attrs["plain_check"], tilted=not paths.plain)
    tree[GROUP] = xr.DataTree(figures.assign(plain.data_vars).assign_attrs(found))
    tree[HEALTH] = xr.DataTree(health)
