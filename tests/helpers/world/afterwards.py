"""After a world has happened: what is left is looked at, and taken up where nothing goes wrong any more."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path

from stress.results.files.store import REPLACED, RESULT, SPEC, RunExists
from stress.run_directory import holders
from stress.run_directory.chunk_store import FOLDER, ChunkStore
from stress.run_directory.holders import SILENCE
from stress.run_directory.run_location import CLAIMS, RunLocation
from stress.run_directory.spec import identity_digest, read_spec
from world import commands
from world.commands import Cheated, result_bytes
from world.patches import Now
from world.schedule import Process
from world.world import ENDS, FOREIGN, World


def check(seed: int, root: Path) -> list[str]:
    """Let a world happen, look at what is left, and take it up; returns what is wrong with it."""
    holders.held.clear()
    world = Now.world = World(seed, root)
    try:
        world.live()
        return world.cheated or list(_wrong(world))
    except AssertionError as error:
        return [str(error)]
    finally:
        Now.world = None


def _wrong(world: World) -> Iterator[str]:
    """What does not hold, before and after a last `resume` where nothing goes wrong any more."""
    last = Process(999, "b" if world.kind != "disk" else "a", 0.0, lambda: None)
    world.schedule.processes = [*world.schedule.processes, last]
    with world.schedule.undisturbed(last):
        # who died a moment ago counts as alive until then, by clocks that have jumped by up to three minutes
        world.schedule.sleep(2 * SILENCE + 180.0)
        location = world.location()
        location.fetch()
        if world.foreign is not None:
            if location.read(world.foreign) != FOREIGN[world.foreign]:
                yield f"{world.foreign}, which is not ours, is gone"
            return
        found = list(_left(location))
        wrong = [text for text in found if text.startswith("wrong")]
        yield from wrong
        if wrong:
            return
        yield from _lost(world, location, found)
        if not location.has(SPEC) or location.has(RESULT):
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                commands.resume(world.location(), lambda what, seed: None)
        except (*ENDS, RunExists, Cheated) as error:
            yield f"what is left cannot be taken up: {type(error).__name__}: {error}"
            return
        yield from (text for text in _left(location) if text.startswith("wrong"))
        if [name for name in location.names("") if name not in (SPEC, FOLDER, RESULT, CLAIMS)]:
            yield f"something is left over: {location.names('')}"


def _left(location: RunLocation) -> Iterator[str]:
    """What can be read: 'sealed SEED', 'aside SEED', 'block FIRST LAST SEED', or what is wrong."""
    for folder, word in ((RESULT, "sealed"), (f"{REPLACED}/{RESULT}", "aside")):
        root = location.read(f"{folder}/zarr.json")
        if root is not None:
            seed = json.loads(root)["attributes"]["seed"]
            content = location.read(f"{folder}/data/c")
            yield f"{word} {seed}" if content == result_bytes(seed) else f"wrong: {word} {seed} holds {content!r}"
    if not location.has(SPEC):
        return
    spec = read_spec(location.folder)
    seed = spec["identity"]["seed"]
    root = location.read(f"{RESULT}/zarr.json")
    if root is not None and json.loads(root)["attributes"]["seed"] != seed:
        yield f"wrong: the result is not of run {seed}, as the spec is"
    blocks = ChunkStore(location.folder, identity_digest(spec))
    for file in blocks.files():
        state = blocks.read(file)
        if state is not None and (state["value"] != commands.numbers(seed, file.chunk)).any():
            yield f"wrong: block {file.chunk} counts"
        elif state is not None:
            yield f"block {file.chunk.first} {file.chunk.last} {seed}"


def _lost(world: World, location: RunLocation, found: list[str]) -> Iterator[str]:
    """Finished work that was said to be safe, which nobody asked to replace, and which is not there."""
    sealed = [(when, pid, seed) for when, pid, what, seed in world.notes if what == "sealed"]
    begun = [(when, pid, seed) for when, pid, what, seed in world.notes if what == "begun"]
    slept = {process.pid for process in world.schedule.processes if process.frozen}

    def came(when: float, pid: int) -> float:
        """One that stood still may write on for a run that was replaced meanwhile, or say late what it has done."""
        began = [at for at, who, word, _ in world.notes if who == pid and word in ("begun", "taken up")]
        return max(began, default=when) if pid in slept else when

    if sealed:
        when, pid, seed = sealed[-1]
        when = came(when, pid)
        later = [(at, pid, seed) for at, pid, what, seed in world.notes if what == "asks" and world.ended[pid] > when]
        later = [one for one in later if one[1] != pid]
        others = {one[2] for one in later}
        kept = {f"sealed {seed}", *(f"sealed {one}" for one in others), *(f"aside {one}" for one in others)}
        kept |= {f"aside {seed}" for _ in later[:1]}
        if not kept & set(found):
            yield f"the result of run {seed} is gone: {found}"
    asked = [world.ended[pid] for _, pid, what, _ in world.notes if what == "asks"]
    for when, pid, what, seed in world.notes:
        replaced = any(ended > when for ended in asked)
        replaced = replaced or any(other != seed and at > came(when, pid) for at, _, other in begun)
        if not what.startswith("kept") or replaced or {f"sealed {seed}", f"aside {seed}"} & set(found):
            continue
        first, last = map(int, what.split()[1:])
        here = {tuple(map(int, text.split()[1:3])) for text in found if text.startswith("block")}
        covered = {path for one in here for path in range(*one)}
        if not world.rotten and not set(range(first, last)) <= covered:
            yield f"blocks of run {seed} that were safe are gone: {sorted(here)}"
