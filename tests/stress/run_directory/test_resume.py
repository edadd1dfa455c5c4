"""Runs that are stopped and taken up again: nothing lost, nothing counted twice, the same numbers."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stress
from same_numbers import same_numbers
from short_desk import BLOCK, SIZED, WORDS, options, short_desk, undisturbed_run
from stress.api import begin_run
from stress.cli import app
from stress.engine import chunk_simulator as work
from stress.engine import simulator
from stress.engine.chunks import Chunk, missing
from stress.options import RunOptions
from stress.results.files.store import RunExists, UnfinishedRun
from stress.run_directory.chunk_store import LAYOUT, ChunkStore, read_state, write_state
from stress.run_directory.location import location_of
from stress.run_directory.spec import OtherRun
from stress.run_directory.verify import verify
from stress.scenarios.build.problem_builder import build_problem

PATHS, MANY = 60_000, 200_000
LEVSTRESS = str(Path(sys.executable).with_name("levstress"))
OPTIONS = options(PATHS)


@pytest.fixture(scope="module")
def scenario() -> Any:
    return short_desk()


@pytest.fixture(scope="module")
def undisturbed() -> xr.DataTree:
    return undisturbed_run(PATHS)


class Stop(Exception):
    """Stands for whatever ends a run."""


def stopped_after(blocks: int, scenario: Any, out: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Begin a run in `out` that ends once so many chunks have been handed to the disk."""
    written, counter = ChunkStore.write, itertools.count(1)

    def write(self: ChunkStore, chunk: Chunk, state: Any) -> None:
        written(self, chunk, state)
        if next(counter) == blocks:
            self.flush()
            raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(ChunkStore, "write", write)
        with pytest.raises(Stop):
            stress.run(scenario, **(OPTIONS | changes), out=out)


def test_a_resumed_run_has_the_same_numbers(
    scenario: Any, undisturbed: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    stopped_after(3, scenario, out, monkeypatch)
    assert not (out / "result.zarr").exists()
    found = verify(out, blocks=2)
    assert found.verified == found.files == 3
    assert found.paths_on_disk + found.paths_missing == PATHS
    assert found.paths_missing > 0
    assert not found.problems
    with pytest.raises(RunExists, match="unfinished run"):
        stress.run(scenario, **OPTIONS, out=out)
    resumed = stress.resume(out)
    same_numbers(resumed, undisturbed)
    same_numbers(stress.open_result(out), undisturbed)
    sealed = verify(out, blocks=3)
    assert sealed.sealed
    assert not sealed.problems
    with pytest.raises(RunExists):
        stress.resume(out)


@pytest.mark.slow
def test_every_path_that_is_stored_comes_back(scenario: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = stress.run(scenario, **OPTIONS, store="paths")
    stopped_after(2, scenario, tmp_path, monkeypatch, store="paths")
    same_numbers(stress.resume(tmp_path), whole)


def test_a_run_that_was_only_begun_is_still_there_when_taking_it_up_fails(
    scenario: Any, undisturbed: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: Any) -> None:
        raise Stop

    begin_run(build_problem(scenario), RunOptions(**OPTIONS), location_of(tmp_path))
    spec = (tmp_path / "spec.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("stress.engine.runner.execute", stops)
        with pytest.raises(Stop):
            stress.resume(tmp_path)
    assert (tmp_path / "spec.json").read_bytes() == spec
    same_numbers(stress.resume(tmp_path), undisturbed)


def test_gaps_anywhere_are_filled_in_any_order(
    scenario: Any, undisturbed: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_after(5, scenario, tmp_path, monkeypatch)
    files = sorted((tmp_path / "blocks").glob("*.npz"))
    files[0].unlink()
    files[3].unlink()
    same_numbers(stress.resume(tmp_path), undisturbed)


def test_missing_ranges() -> None:
    assert missing([], 10) == [Chunk(0, 10)]
    assert missing([Chunk(0, 4), Chunk(6, 10)], 10) == [Chunk(4, 6)]
    assert missing([Chunk(2, 4)], 10) == [Chunk(0, 2), Chunk(4, 10)]
    assert missing([Chunk(0, 10)], 10) == []


def test_every_flipped_bit_and_every_truncation_is_found(tmp_path: Path) -> None:
    path = write_state(tmp_path, Chunk(0, 7), {"a": np.arange(5), "identity": np.array("x")})
    digest, content = path.stem.split("-")[-1], path.read_bytes()
    state = read_state(path, digest)
    assert state is not None
    np.testing.assert_array_equal(state["a"], np.arange(5))
    chosen = random.Random(1).sample(range(8 * len(content)), 400)
    for bit in chosen:
        broken = bytearray(content)
        broken[bit // 8] ^= 1 << bit % 8
        path.write_bytes(broken)
        assert read_state(path, digest) is None, bit
    for length in (0, 1, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        assert read_state(path, digest) is None
    path.write_bytes(content + b"\0")
    assert read_state(path, digest) is None


def test_damaged_and_foreign_blocks_do_not_count(
    scenario: Any, undisturbed: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, other = tmp_path / "run", tmp_path / "other"
    stopped_after(3, scenario, out, monkeypatch)
    stopped_after(4, scenario, other, monkeypatch, seed=6)
    foreign = sorted((other / "blocks").glob("*.npz"))[-1]
    (out / "blocks" / foreign.name).write_bytes(foreign.read_bytes())
    victim = sorted((out / "blocks").glob("*.npz"))[1]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 4
    victim.write_bytes(content)
    whole = sorted((out / "blocks").glob("*.npz"))[0]
    size = len(whole.name.split("-")[0])
    shifted = f"{PATHS - BLOCK:0{size}d}-{PATHS:0{size}d}-{whole.name.split('-')[2]}"
    shutil.copy(whole, whole.with_name(shifted))  # intact, and other paths than its name says
    found = verify(out, blocks=0)
    assert (found.files, found.verified) == (len(list((out / "blocks").glob("*.npz"))), 2)
    assert "3 of 5 files are damaged or of another run, and their paths are missing" in found.problems[0]
    with pytest.warns(UserWarning, match="do not count"):
        same_numbers(stress.resume(out), undisturbed)
    repaired = verify(out, blocks=0)
    assert not repaired.problems
    assert repaired.notes == ("3 files are damaged or of another run; other files have their paths",)


def test_another_run_is_refused_and_says_what_differs(
    scenario: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_after(1, scenario, tmp_path, monkeypatch)
    words = ["run", *WORDS, "--out", str(tmp_path), "--resume", "--quiet", "--paths", str(PATHS), "--seed", "7"]
    ended = CliRunner().invoke(app, [*words, "--set", "impact.coefficient=2"])
    assert ended.exit_code == 3, ended.stderr
    assert "seed: 5 there, 7 now" in ended.stderr
    assert "scenario.impact.coefficient: 1.0 there, 2.0 now" in ended.stderr
    spec = json.loads((tmp_path / "spec.json").read_text())
    spec["identity"]["jaxlib"] = "0.0.1"
    del spec["identity"]["blocks"]  # as an earlier version began it: with fewer arrays in a block
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(OtherRun, match=rf"blocks: None there, {LAYOUT} now\n  jaxlib: 0\.0\.1 there"):
        stress.resume(tmp_path)
    (tmp_path / "spec.json").write_text("{")
    with pytest.raises(UnfinishedRun):
        stress.resume(tmp_path)


@pytest.mark.slow
def test_out_of_memory_halves_the_block_and_changes_nothing(
    scenario: Any, undisturbed: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate, calls = simulator.Simulator.run, itertools.count()
    sizes = []

    def run(self: Any, ids: Any) -> Any:
        sizes.append(self.size)
        for number, finished in enumerate(simulate(self, ids)):
            if number == 1 and next(calls) == 2:
                raise RuntimeError("RESOURCE_EXHAUSTED: out of memory while allocating")
            yield finished

    monkeypatch.setattr(simulator.Simulator, "run", run)
    monkeypatch.setattr(work, "SECONDS_OF_A_CHUNK", 60.0)  # several calls in a chunk
    tree = stress.run(scenario, **(OPTIONS | {"block_size": 2 * BLOCK}), out=tmp_path)
    assert min(sizes) == BLOCK < max(sizes)
    same_numbers(tree, undisturbed)


def survives(kills: int, out: Path, seed: int) -> int:
    """Kill a run at random moments, each time taking it up again; returns how often it was killed.

    A moment is a while after its first, second or third block from now, or after it is started; once it has begun.
    """
    chance, killed = random.Random(seed), 0
    begin = [LEVSTRESS, "run", *SIZED, "--paths", str(MANY), "--out", str(out), "--resume", "--quiet"]
    for _ in range(kills):
        found = blocks_in(out)
        wanted = found + chance.choice((0, 1, 2, 3) if found else (1, 2, 3))
        with subprocess.Popen(begin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while blocks_in(out) < wanted and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.3 if wanted > found else 3.0))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        if (out / "result.zarr").exists():
            break
    return killed


def blocks_in(out: Path) -> int:
    return sum(1 for _ in (out / "blocks").glob("*.npz"))


def check_kills(kills: int, tmp_path: Path) -> None:
    whole, killed, rounds = undisturbed_run(MANY), 0, 0
    while killed < kills:
        out = tmp_path / str(rounds)
        killed += survives(kills - killed, out, rounds)
        tree = stress.open_result(out) if (out / "result.zarr").exists() else stress.resume(out)
        same_numbers(tree, whole)
        assert not verify(out, blocks=1).problems
        rounds += 1


def test_three_kills_change_nothing(tmp_path: Path) -> None:
    check_kills(3, tmp_path)


@pytest.mark.slow
def test_two_hundred_kills_change_nothing(tmp_path: Path) -> None:
    check_kills(200, tmp_path)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_an_interrupted_run_ends_soon_and_says_how_to_go_on(number: signal.Signals, code: int, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [LEVSTRESS, "run", "desk", "--paths", "2e8", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not any((out / "blocks").glob("*.npz")) and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(number)
        sent = time.monotonic()
        _, errors = process.communicate(timeout=60)
        took = time.monotonic() - sent
    assert took < 20  # of hours that are left; two seconds on a machine that is not shared
    assert process.returncode == code
    assert f"levstress resume {out}" in errors
    assert verify(out, blocks=0).verified >= 1
