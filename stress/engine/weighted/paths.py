"""The paths of a method, part by part: 14 bytes a path (18 in float64), and what a result is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from stress.engine.chunks import Chunk, FinishedChunks, missing
from stress.engine.plan import free_memory, plan
from stress.engine.totals import State
from stress.engine.weighted.method import Method
from stress.engine.weighted.mixture import Mixture, weights
from stress.engine.weighted.sampler import Sampler
from stress.engine.weighted.screen import BAD, CALM, CHOSEN, Screen
from stress.errors import InvariantFailed, NotEnoughResources
from stress.options import Progress, RunOptions
from stress.results.answers.rare.estimates import Paths
from stress.scenarios.problem import Problem

PATHS_OF_A_CHUNK = 131_072
BYTES_ON_DISK = 18
BYTES_OF_A_PATH = 150  # losses, weights and what figures are worked out with
BYTES_OF_A_COMPONENT = 28  # of the paths of a chunk
ARRAYS = ("loss", "weight", "defaulted", "component")
Seen = Callable[[int], None]  # is told how many paths of the chunk are done


class MethodSimulator:
    """Simulates the paths of a method; what a path has depends on its id and the method's numbers alone."""

    def __init__(
        self, problem: Problem, options: RunOptions, method: Method, says: Callable[[str], None] = lambda _: None
    ) -> None:
        """Raises DeviceNotFound, see `devices_for`."""
        self.method = method
        self.sampler = Sampler(problem, options, method.row, says)

    def simulate(self, chunk: Chunk, seen: Seen = lambda _: None) -> State:
        """ARRAYS of the paths of a chunk; a path that is left out has the loss -inf and the weight 0."""
        ids = np.arange(*chunk, dtype=np.uint64)
        numbers = self.method.numbers
        if isinstance(numbers, Mixture):
            return self._tilted(numbers, ids, seen)
        if isinstance(numbers, Screen):
            return self._screened(numbers, ids, seen)
        found = self.sampler.simulate(None, ids, seen)
        return _state(found.losses, np.ones(len(ids)), found.defaulted, np.zeros(len(ids)))

    def fill(self, gaps: list[Chunk], seen: Seen = lambda _: None) -> Iterator[tuple[Chunk, State]]:
        """Simulate all of some ranges of paths."""
        for gap in gaps:
            for chunk in cut(gap):
                yield chunk, self.simulate(chunk, seen)

    def _tilted(self, mixture: Mixture, ids: np.ndarray, seen: Seen) -> State:
        drawn = self.sampler.draw(mixture, ids, seen)
        found = weights(drawn.ratios, mixture.counts(self.method.first, self.method.paths))
        return _state(drawn.losses, found, drawn.defaulted, drawn.components)

    def _screened(self, screen: Screen, ids: np.ndarray, seen: Seen) -> State:
        losses, defaulted, components = screened(self.sampler, screen, ids, *self.sampler.held_still(ids, seen))
        return _state(losses, screen.weights(components), defaulted, components)


def screened(
    sampler: Sampler, screen: Screen, ids: np.ndarray, static: np.ndarray, calm: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Losses, defaults and components of paths that were held still: -inf of those that are left out."""
    components = screen.components(ids, static, calm)
    chosen = (components == BAD) | (components == CHOSEN)
    losses, defaulted = np.where(components == CALM, static, -np.inf).astype(static.dtype), np.zeros(len(ids), bool)
    if chosen.any():
        found = sampler.simulate(None, ids[chosen])
        losses[chosen], defaulted[chosen] = found.losses, found.defaulted
    return losses, defaulted, components


def planned_bytes(problem: Problem, options: RunOptions) -> int:
    """Bytes of memory that the paths of a method take.

    Raises:
        NotEnoughResources: they are more than it may have.
    """
    planned = plan(problem, replace(options, store="summary", worst=0))
    at_once = min(options.paths, PATHS_OF_A_CHUNK) * BYTES_OF_A_COMPONENT * (2 * problem.steps + 2)
    needed = planned.memory_bytes + options.paths * BYTES_OF_A_PATH + at_once
    allowed = options.max_memory if options.max_memory is not None else free_memory()
    if allowed is not None and needed > allowed:
        raise NotEnoughResources(
            f"{options.paths:,} weighted paths need about {needed / 2**20:,.0f} MiB of memory and may use "
            f"{allowed / 2**20:,.0f} MiB: every path is kept; use fewer"
        )
    return needed


def cut(gap: Chunk) -> Iterator[Chunk]:
    """A range of paths in chunks."""
    for first in range(gap.first, gap.last, PATHS_OF_A_CHUNK):
        yield Chunk(first, min(first + PATHS_OF_A_CHUNK, gap.last))


def _state(loss: np.ndarray, weight: np.ndarray, defaulted: np.ndarray, component: np.ndarray) -> State:
    return {"loss": loss, "weight": weight, "defaulted": defaulted, "component": component.astype(np.uint8)}


def paths_of(
    simulator: MethodSimulator,
    store: FinishedChunks | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    fill: Callable[[list[Chunk], Seen], Iterator[tuple[Chunk, State]]] | None = None,
) -> Paths:
    """All paths of a method: those that are in the store are read, the others simulated and written.

    Args:
        simulator: of the method.
        store: where chunks are kept and found again; None = nowhere.
        progress: called now and then.
        fill: simulates ranges of paths in the place of the simulator.

    Raises:
        InvariantFailed: a path's loss is not finite, or a chunk has not as many as it says.
    """
    method = simulator.method
    found: dict[Chunk, State] = {}
    if store is not None:
        found = dict(store.read_all(Chunk(method.first, method.last)))
    gaps = missing(sorted(found), method.last, method.first)
    done = method.paths - sum(gap.last - gap.first for gap in gaps)

    def seen(of_this_chunk: int) -> None:
        progress(Progress(done + of_this_chunk, method.paths, f"paths for {method.question.text}"))

    seen(0)
    for chunk, state in (fill or simulator.fill)(gaps, seen):
        if store is not None:
            store.write(chunk, state)
        found[chunk] = state
        done += chunk.last - chunk.first
    if store is not None:
        store.flush()
    progress(Progress(method.paths, method.paths, "estimating"))
    return _joined(found, method)


def _joined(found: Mapping[Chunk, State], method: Method) -> Paths:
    parts = [found[chunk] for chunk in sorted(found)]
    loss, weight, defaulted, component = (np.concatenate([part[name] for part in parts]) for name in ARRAYS)
    if len(loss) != method.paths or not np.isfinite(loss[weight != 0]).all():
        raise InvariantFailed(f"the paths for {method.question.text} are not all there, or not all finite")
    return Paths(loss.astype(np.float64), weight, defaulted, component, method.name)
