"""What processes of the world do: the commands, with the real code of run directories and a simulation that costs
nothing. A number of a path follows from the run's seed and the path's id; who reads others has been cheated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from stress.engine.chunks import Chunk, missing
from stress.results.files import store
from stress.results.files.durable_write import flush, make_folder, write_durably
from stress.results.files.store import RESULT, SPEC
from stress.run_directory.chunk_store import FOLDER, ChunkStore
from stress.run_directory.claims import check_free, claimed
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import identity_digest, read_spec
from stress.run_directory.taken import TakenRun, taken

PATHS, PIECE = 40, 10
Note = Callable[[str, int], None]


class Cheated(AssertionError):
    """Something counted that is wrong."""


def spec_of(seed: int) -> dict[str, Any]:
    """What `spec.json` holds of a run."""
    identity = {"seed": seed, "paths": PATHS, "scenario_sha256": "0" * 64}
    return {"scenario": {"name": "world"}, "options": {"seed": seed}, "identity": identity}


def numbers(seed: int, chunk: Chunk) -> Any:
    """Of the paths of a run."""
    return np.arange(chunk.first, chunk.last) * 7 + seed


def result_bytes(seed: int) -> bytes:
    """The numbers of a whole run, as its result has them."""
    digest = hashlib.sha256(numbers(seed, Chunk(0, PATHS)).tobytes()).hexdigest()
    return f"{seed} {digest}".encode()


def run(location: RunLocation, note: Note, seed: int, overwrite: bool = False, fails: bool = False) -> None:
    """Begin a run and seal it; with `fails` it is interrupted before its first block."""
    if overwrite:
        note("asks", seed)
    with taken(location, spec_of(seed), overwrite) as one:
        note("begun", seed)
        if fails:
            raise KeyboardInterrupt
        _compute(one, note)


def resume(location: RunLocation, note: Note) -> None:
    """Take up what is there, and seal it."""
    check_free(location, shared=True)
    location.fetch(SPEC)
    spec = read_spec(location.folder)
    if location.has(RESULT):
        raise store.RunExists("nothing is left to compute")
    with taken(location, spec, resume=True) as one:
        note("taken up", spec["identity"]["seed"])
        _compute(one, note)


def worker(location: RunLocation, note: Note, part: int) -> None:
    """Compute a half of what is there."""
    check_free(location, shared=True)
    location.fetch(SPEC)
    spec = read_spec(location.folder)
    half = Chunk(part * PATHS // 2, (part + 1) * PATHS // 2)
    with claimed(location, identity_digest(spec)) as claim:
        one = TakenRun(location, spec, claim)
        one.check_unchanged()
        note("taken up", spec["identity"]["seed"])
        location.fetch(FOLDER, within=half)
        _fill(one.store, spec["identity"]["seed"], half, note)


def _compute(one: TakenRun, note: Note) -> None:
    seed = one.spec["identity"]["seed"]
    _fill(one.store, seed, Chunk(0, PATHS), note)
    one.seal(
        lambda spec, out, *, owner, ready: store.seal(
            spec, out, lambda folder: write_result(folder, seed), owner=owner, ready=ready
        )
    )
    note("sealed", seed)


def _fill(blocks: ChunkStore, seed: int, part: Chunk, note: Note) -> None:
    done = []
    for chunk, state in blocks.read_all(within=part):
        if not np.array_equal(state["value"], numbers(seed, chunk)):
            raise Cheated(f"paths {chunk.first} to {chunk.last} of run {seed} have other numbers")
        done.append(chunk)
    for gap in missing(done, part.last, part.first):
        for first in range(gap.first, gap.last, PIECE):
            chunk = Chunk(first, min(first + PIECE, gap.last))
            note("works", seed)
            blocks.write(chunk, {"value": numbers(seed, chunk)})
    blocks.flush()
    blocks.close()
    note(f"kept {part.first} {part.last}", seed)


def write_result(folder: Path, seed: int) -> None:
    """A small result, on the disk when done as the real one is."""
    make_folder(folder / "data")
    write_durably(folder / "data" / "c", result_bytes(seed))
    write_durably(folder / "zarr.json", root_bytes(seed))
    flush(folder)


def root_bytes(seed: int) -> bytes:
    """The file that makes a result one."""
    return json.dumps({"attributes": {"spec_sha256": "", "model_limits": "[]", "seed": seed}}).encode()
