"""Finished parts of a run on disk: write-once files that carry their digest, found or found wanting one by one.

A chunk is a range of path ids. Its file `FIRST-LAST-SHA256.npz` is written under another name, flushed, renamed, and
the folder flushed; it counts if and only if its content has the digest and the paths of its name, and is of this run.
What is missing is computed again.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stress.engine.chunks import Chunk
from stress.engine.totals import State
from stress.results.files.durable_write import make_folder, write_durably
from stress.run_directory.writing import writing

FOLDER = "blocks"
NAME = re.compile(r"(\d{19})-(\d{19})-([0-9a-f]{64})\.npz")
IDENTITY, RANGE = "identity", "range"
LAYOUT = 3  # of the arrays in a file; a run begun with another one is another run


def chunk_of(name: str) -> Chunk | None:
    """The chunk that a file of this name holds, None for other names."""
    found = NAME.fullmatch(name)
    return Chunk(int(found[1]), int(found[2])) if found else None


class ChunkFile(NamedTuple):
    """A file that by its name is a chunk."""

    path: Path
    chunk: Chunk
    digest: str


class ChunkStore:
    """The chunks of one run below its directory.

    Attributes:
        folder: where the files are.
        identity: digest of all that decides the numbers; a file of another run does not count.
    """

    def __init__(self, out: Path, identity: str, written: Callable[[Path], None] = lambda _: None) -> None:
        """`written` is called with each file that is whole."""
        self.folder, self.identity, self._written = out / FOLDER, identity, written
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="chunks")
        self._pending: list[Future[None]] = []

    def files(self) -> list[ChunkFile]:
        """The files by path id, whatever is in them."""
        paths = sorted(self.folder.glob("*.npz")) if self.folder.is_dir() else []
        named = ((path, NAME.fullmatch(path.name)) for path in paths)
        return [ChunkFile(path, Chunk(int(name[1]), int(name[2])), name[3]) for path, name in named if name]

    def read(self, file: ChunkFile) -> State | None:
        """What a file holds; None when that has not the digest and paths of its name, or is of another run."""
        state = read_state(file.path, file.digest)
        if state is None or str(state.get(IDENTITY)) != self.identity:
            return None
        return state if np.array_equal(state.get(RANGE, ()), file.chunk) else None

    def read_all(self, within: Chunk | None = None) -> Iterator[tuple[Chunk, State]]:
        """The chunks that verify and do not overlap, by path id; warns of others, which stay where they are.

        Args:
            within: leave out chunks that reach beyond these paths.
        """
        reached = 0
        for file in self.files():
            chunk = file.chunk
            if chunk.first < reached or not (within is None or chunk.inside(within)):  # twice has the same numbers
                continue
            state = self.read(file)
            if state is None:
                warnings.warn(
                    f"{file.path} is damaged, or of other paths or another run: its paths do not count", stacklevel=2
                )
            else:
                reached = chunk.last
                yield chunk, state

    def write(self, chunk: Chunk, state: State) -> None:
        """Hand a chunk to the writing thread; waits while two are being written.

        Raises:
            CannotWrite, NotEnoughResources: an earlier one could not be written.
        """
        while len(self._pending) > 1:
            self._pending.pop(0).result()
        self._pending.append(self._thread.submit(self._write, chunk, state))

    def close(self) -> None:
        """Let the files that have been handed over be written; raises nothing."""
        self._thread.shutdown(wait=True)

    def flush(self) -> None:
        """Wait until everything is on the disk; raises as `write`."""
        while self._pending:
            self._pending.pop(0).result()

    def _write(self, chunk: Chunk, state: State) -> None:
        with writing(self.folder):
            make_folder(self.folder)
            named = {IDENTITY: np.array(self.identity), RANGE: np.array(chunk, np.int64)}
            self._written(write_state(self.folder, chunk, {**state, **named}))


def write_state(folder: Path, chunk: Chunk, state: State) -> Path:
    """Write one file, durably; returns its path.

    Raises:
        OSError: whatever the disk refuses; nothing that could be taken for a chunk is left.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **state)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    final = folder / f"{chunk.first:019d}-{chunk.last:019d}-{digest}.npz"
    write_durably(final, content)
    return final


def read_state(path: Path, digest: str) -> State | None:
    """The arrays of a file, None unless its content has the digest and is what `write_state` writes."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != digest:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (
        AttributeError,
        EOFError,
        ValueError,
        zipfile.BadZipFile,
    ):  # it was named after what it holds, and is no block
        return None
