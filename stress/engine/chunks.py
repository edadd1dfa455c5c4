"""Parts of a run: ranges of path ids, what is left of a run when some are done, and where finished ones are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from stress.engine.totals import State


class Chunk(NamedTuple):
    """Paths `first` .. `last - 1`."""

    first: int
    last: int

    def inside(self, other: Chunk) -> bool:
        """Whether all of its paths are among those of another."""
        return other.first <= self.first and self.last <= other.last


def missing(done: list[Chunk], paths: int, first: int = 0) -> list[Chunk]:
    """What is left of paths `first` .. `paths - 1`, given chunks in the order of their first paths."""
    gaps, reached = [], first
    for chunk in done:
        if chunk.first > reached:
            gaps.append(Chunk(reached, chunk.first))
        reached = max(reached, chunk.last)
    return [*gaps, Chunk(reached, paths)] if reached < paths else gaps


class FinishedChunks(Protocol):
    """Where a run finds chunks that are done, and leaves those that it does."""

    def read_all(self, within: Chunk | None = None) -> Iterator[tuple[Chunk, State]]:
        """The chunks that are there, by path id; those that reach beyond some paths are left out."""
        ...

    def write(self, chunk: Chunk, state: State) -> None:
        """Take a finished chunk; may return before it is safe."""
        ...

    def flush(self) -> None:
        """Wait until everything is safe."""
        ...
