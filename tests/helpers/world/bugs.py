"""Errors that a store may have, planted one at a time: the worlds have to notice them.

Two more were planted and not noticed by 2,000 worlds, as two processes have to meet between two calls for that: a
claim taken over without asking who else does, and a half-written result of a dead process that is left.
`test_claims.py` does.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from stress.results.files import durable_write, store
from stress.run_directory import chunk_store, replaced_run, run_location, spec, taken
from stress.run_directory.chunk_store import ChunkStore
from stress.run_directory.claims import Claim
from stress.run_directory.holders import SILENCE, Watch, holder_in
from stress.run_directory.location import RemoteLocation
from stress.run_directory.run_location import CLAIMS, RunLocation
from world import commands
from world.patches import Now

Plant = Callable[[Any], None]
WRITERS = (durable_write, store, spec, chunk_store)


def _everywhere(patch: Any, name: str, instead: Any) -> None:
    for module in (*WRITERS, run_location):
        patch.setattr(module, name, instead, raising=False)


def no_flush_of_a_file(patch: Any) -> None:
    def write(final: Path, content: bytes) -> None:
        durable_write.write_whole(final, content)
        durable_write.flush(final.parent)

    _everywhere(patch, "write_durably", write)


def no_flush_of_a_folder(patch: Any) -> None:
    _everywhere(patch, "flush", lambda path: None)


def written_in_place(patch: Any) -> None:
    def write(final: Path, content: bytes) -> None:
        handle = os.open(final, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        durable_write.flush(final)
        durable_write.flush(final.parent)

    _everywhere(patch, "write_durably", write)


def new_folder_not_flushed(patch: Any) -> None:
    def make(path: Path) -> list[Path]:
        made = [folder for folder in (path, *path.parents) if not folder.exists()]
        path.mkdir(parents=True, exist_ok=True)
        return made

    _everywhere(patch, "make_folder", make)


def digest_not_looked_at(patch: Any) -> None:
    def read(path: Path, digest: str) -> Any:
        with suppress(Exception), np.load(io.BytesIO(path.read_bytes())) as arrays:
            return {name: arrays[name] for name in arrays.files}
        return {"value": np.zeros(1), "identity": np.array("")}

    patch.setattr(chunk_store, "read_state", read)
    patch.setattr(ChunkStore, "read", lambda self, file: read(file.path, file.digest))


def error_of_a_write_ignored(patch: Any) -> None:
    patch.setattr(ChunkStore, "flush", lambda self: None)


def everybody_gone(patch: Any) -> None:
    patch.setattr(Watch, "alive", lambda self, name, content: False)


def nobody_gone(patch: Any) -> None:
    patch.setattr(Watch, "alive", lambda self, name, content: True)


def age_by_the_clock(patch: Any) -> None:
    def alive(self: Any, name: str, content: bytes) -> bool:
        holder = holder_in(content)
        last = holder and holder_in(self._location.read(f"{CLAIMS}/{holder.token}.json"))
        return last is not None and abs(Now.world.clock() - last.at) < SILENCE

    patch.setattr(Watch, "alive", alive)


def no_signs_of_life(patch: Any) -> None:
    patch.setattr(Claim, "beat", lambda self: None)


def sharers_not_seen(patch: Any) -> None:
    patch.setattr(Claim, "_in_the_way", lambda self: None)


def created_over_what_is_there(patch: Any) -> None:
    def create(self: Any, name: str, content: bytes) -> bool:
        self.put(name, content)
        return True

    patch.setattr(RunLocation, "create", create)
    patch.setattr(RemoteLocation, "create", create)


def answer_of_a_store_believed(patch: Any) -> None:
    def create(self: Any, name: str, content: bytes) -> bool:
        with self._reached():
            try:
                self._system.pipe_file(self._at(name), content, mode="create")
            except FileExistsError:
                return False
        return True

    patch.setattr(RemoteLocation, "create", create)


def claim_of_others_removed(patch: Any) -> None:
    patch.setattr(Claim, "_is_mine", lambda self, content: True)


def not_looked_at_before_the_seal(patch: Any) -> None:
    patch.setattr(taken.TakenRun, "check_unchanged", lambda self: None)


def not_claimed(patch: Any) -> None:
    patch.setattr(Claim, "_create", lambda self, name: None)
    patch.setattr(Claim, "_in_the_way", lambda self: None)
    patch.setattr(Claim, "confirm", lambda self: None)


def renamed_over_a_result(patch: Any) -> None:
    real = store.seal

    def seal(spec: Any, out: Path, write: Any, overwrite: bool = False, **more: Any) -> Path:
        return real(spec, out, write, True, owner=more.get("owner", ""))

    patch.setattr(store, "seal", seal)
    patch.setattr(RunLocation, "has", _without_result(RunLocation.has))


def _without_result(real: Any) -> Any:
    return lambda self, name: name != store.RESULT and real(self, name)


def removed_before_replaced(patch: Any) -> None:
    patch.setattr(taken, "set_aside", lambda location: location.remove(*replaced_run.PARTS))


def aside_forgotten_at_once(patch: Any) -> None:
    def set_aside(location: RunLocation) -> None:
        replaced_run.set_aside(location)
        replaced_run.forget(location)

    patch.setattr(taken, "set_aside", set_aside)


def foreign_not_refused(patch: Any) -> None:
    patch.setattr(taken, "refuse_foreign", lambda location: None)


def moved_without_flush(patch: Any) -> None:
    def move(self: Any, name: str, target: str) -> None:
        (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).rename(self.folder / target)

    patch.setattr(RunLocation, "move", move)


def result_first(patch: Any) -> None:
    def push_result(self: Any) -> None:
        for path in sorted((self.folder / store.RESULT).rglob("*"), key=lambda path: path.name != "zarr.json"):
            if path.is_file():
                self.push(path)

    patch.setattr(RemoteLocation, "push_result", push_result)


def half_written_of_others_removed(patch: Any) -> None:
    def remove(folder: Path) -> None:
        for path in folder.glob(".writing-*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    real = Claim.take

    def take(self: Any) -> None:
        real(self)
        remove(self.location.folder)
        remove(self.location.folder / "blocks")

    patch.setattr(Claim, "take", take)


def nothing_put_back(patch: Any) -> None:
    def set_aside(location: RunLocation) -> None:
        location.remove(*replaced_run.PARTS)

    patch.setattr(taken, "put_back", set_aside)


def result_sealed_before_it_is_flushed(patch: Any) -> None:
    def write(folder: Path, seed: int) -> None:
        folder.mkdir()
        (folder / "data").mkdir()
        for name, content in (("data/c", commands.result_bytes(seed)), ("zarr.json", commands.root_bytes(seed))):
            durable_write.write_whole(folder / name, content)

    patch.setattr(commands, "write_result", write)


PLANTED: dict[Plant, int] = {  # and a world that notices it
    no_flush_of_a_file: 1,
    no_flush_of_a_folder: 4,
    written_in_place: 82,
    new_folder_not_flushed: 18,
    digest_not_looked_at: 16,
    error_of_a_write_ignored: 21,
    everybody_gone: 2,
    nobody_gone: 5,
    age_by_the_clock: 68,
    no_signs_of_life: 75,
    sharers_not_seen: 722,
    created_over_what_is_there: 9,
    answer_of_a_store_believed: 93,
    claim_of_others_removed: 21,
    not_looked_at_before_the_seal: 63,
    not_claimed: 9,
    renamed_over_a_result: 2,
    removed_before_replaced: 2,
    aside_forgotten_at_once: 1,
    foreign_not_refused: 104,
    moved_without_flush: 372,
    result_first: 134,
    half_written_of_others_removed: 896,
    nothing_put_back: 70,
    result_sealed_before_it_is_flushed: 1,
}
