"""Blocks of a run that are known before it begins, kept in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from stress.engine.chunks import Chunk
from stress.engine.totals import State


class KnownBlocks:
    """Where a run without a directory finds the blocks that are done, and leaves those that it does."""

    def __init__(self, known: Iterable[tuple[Chunk, State]]) -> None:
        self.blocks = list(known)

    def read_all(self, within: Chunk | None = None) -> Iterator[tuple[Chunk, State]]:
        """The blocks that are there, by path id; those that reach beyond some paths are left out."""
        yield from [block for block in self.blocks if within is None or block[0].inside(within)]

    def write(self, chunk: Chunk, state: State) -> None:
        """Take a finished block."""
        self.blocks.append((chunk, state))

    def flush(self) -> None:
        """Nothing to wait for."""
