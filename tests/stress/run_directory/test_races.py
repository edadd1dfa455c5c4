"""Every pair of commands that meet in one directory, the first held at each point: nobody's finished run is lost."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

import racing
from short_desk import SIZED
from stress.run_directory.chunk_store import ChunkStore
from stress.run_directory.claims import InUse, claimed
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import identity_digest, read_spec


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A store in memory whose objects come and are read as a whole, like those of any object store."""
    system = fsspec.filesystem("memory")

    def content(path: str) -> bytes:
        try:
            return bytes(system.store[system._strip_protocol(path)].getvalue())
        except KeyError:
            raise FileNotFoundError(path) from None

    monkeypatch.setattr(system, "cat_file", content)
    monkeypatch.setattr(system, "get_file", lambda path, local: Path(local).write_bytes(content(path)))
    monkeypatch.setattr(system, "put_file", lambda local, path: system.pipe_file(path, Path(local).read_bytes()))
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def seeds(out: str) -> dict[str, Any]:
    """Which run the parts of a directory are of; asserts that nothing else is there."""
    location = location_of(out)
    location.fetch()
    spec, result = read_spec(location.folder), location.folder / "result.zarr" / "zarr.json"
    found = {"spec": spec["options"]["seed"]}
    if result.exists():
        found["result"] = json.loads(result.read_text())["attributes"]["seed"]
    blocks = ChunkStore(location.folder, identity_digest(spec))
    blocks.close()
    states = [blocks.read(file) for file in blocks.files()]
    assert all(state is not None for state in states), "blocks of another run"
    found |= {f"block {i}": int(state["seed"]) for i, state in enumerate(states) if state is not None}
    assert set(location.names("")) <= {"spec.json", "blocks", "result.zarr"}
    assert not list(location.folder.glob(".writing-*"))
    return found


PAIRS = [(first, point, "folder") for first, points in racing.PASSES.items() for point in points]
PAIRS += [(first, points[-1], "bucket") for first, points in racing.PASSES.items()]


@pytest.mark.parametrize(("first", "point", "where"), PAIRS)
def test_two_commands_in_one_directory(
    first: str, point: str, where: str, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in racing.COMMANDS:
        expected = 0 if first in racing.SHARING and second in racing.SHARING else 3
        for hold in racing.HOLDS:
            with monkeypatch.context() as patch:
                race = racing.Race(patch)
                name = f"{second}, {hold} s"
                out = f"memory://bucket/{name}" if where == "bucket" else str(tmp_path / name)
                if first in racing.BEFORE:
                    before, seed = racing.BEFORE[first]
                    assert race.command(before, out, seed) == 0
                one, two, said_one, said_two = race.meet(first, point, second, out, hold)
            if race.met or two == expected:  # else the first may have been done before the second looked
                break
        meeting = f"{second} while {first} is {point}: {said_one} {said_two}"
        assert one == 0 or (one == 2 and two == 0 and "nothing is left to compute" in said_one), meeting
        assert two == expected, meeting
        if expected:
            who = f"in use by process {os.getpid()} on {socket.gethostname()} since 2"
            assert who in said_two, meeting
        found = seeds(out)
        assert set(found.values()) == {1}, meeting
        seals = {"run", "run --resume", "resume", "run --overwrite", "stress.run", "stress.run(overwrite)"}
        assert ("result" in found) == (first in seals or (two == 0 and second in seals)), meeting


@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_of_many_that_come_at_once_one_is_alone(where: str, bucket: Any, tmp_path: Path) -> None:
    for number in range(10):
        location = location_of(f"memory://bucket/{number}" if where == "bucket" else tmp_path / str(number))
        assert come_together(location, 6) == {"alone": 1, "refused": 5}
        assert location.is_empty()


def come_together(location: RunLocation, count: int) -> Counter[str]:
    """How many threads that claim a directory at the same time get it; each keeps it until all have tried."""
    ended, everybody = Counter[str](), threading.Barrier(count)

    def come() -> None:
        everybody.wait()
        try:
            with claimed(location):
                ended["alone"] += 1
                everybody.wait()
        except InUse:
            ended["refused"] += 1
            everybody.wait()

    threads = [threading.Thread(target=come) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ended


@pytest.mark.slow
def test_two_processes_started_together(tmp_path: Path) -> None:
    out = tmp_path / "run"
    levstress = str(Path(sys.executable).with_name("levstress"))
    command = [levstress, "run", *SIZED, "--paths", "4096", "--quiet", "--out", str(out)]
    started = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in started]
    codes = [process.returncode for process in started]
    assert codes in ([0, 3], [3, 0], [0, 2], [2, 0])  # 2: the one was done before the other had begun
    if 3 in codes:
        assert f"in use by process {started[codes.index(0)].pid} on" in said[codes.index(3)]
    assert (out / "result.zarr" / "zarr.json").exists()
