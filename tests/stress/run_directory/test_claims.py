"""Claims: taken over from whom is gone, never from whom is there; names that are none."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from typer.testing import CliRunner

import stress
from short_desk import options, short_desk
from stress.cli import app
from stress.errors import NotEnoughResources
from stress.options import RunOptions
from stress.results.files.manifest import faults
from stress.results.files.store import RESULT, SPEC, seal
from stress.run_directory import claims, holders
from stress.run_directory.claims import ALONE, Claim, InUse, check_free, claimed
from stress.run_directory.location import EmptyName, location_of
from stress.run_directory.run_location import CLAIMS, RunLocation
from stress.run_directory.spec import spec_of
from stress.run_directory.taken import taken
from stress.run_directory.writing import CannotWrite
from stress.scenarios.build.problem_builder import build_problem


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.jump = 1000.0, 0.0
        self.while_asleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1.8e9 + self.now + self.jump

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.while_asleep()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(claims, "time", clock)
    monkeypatch.setattr(holders, "time", clock)
    return clock


@pytest.fixture(params=["folder", "bucket"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunLocation]:
    if request.param == "folder":
        yield location_of(tmp_path)
        return
    system: Any = fsspec.filesystem("memory")
    yield location_of("memory://bucket/run")
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def left(location: RunLocation, run: str | None = None, **changes: Any) -> Claim:
    """A claim of another process that is there, and of which nothing more is heard."""
    claim = Claim(location, run)
    elsewhere: dict[str, Any] = {"pid": 7, "host": "far", "machine": "far"}
    claim.holder = replace(claim.holder, **(elsewhere | changes))
    claim.take()
    return claim


def test_a_process_of_this_machine_that_is_gone_is_replaced_at_once(location: RunLocation, clock: Clock) -> None:
    for run in (None, "a"):
        gone = left(location, run, machine=holders.machine(), pid=os.getpid(), start="1")
        with claimed(location) as claim:
            assert clock.now == 1000.0
            claim.confirm()
            with pytest.raises(InUse, match="taken over"):
                gone.confirm()
        assert location.is_empty()
        assert location.names(CLAIMS) == []


def test_a_process_elsewhere_is_waited_for(location: RunLocation, clock: Clock) -> None:
    left(location)
    with pytest.raises(InUse, match="process 7 on far since 20"):
        Claim(location, None).take()
    assert clock.now == 1000.0  # its last sign of life is recent
    clock.now += 1000.0
    with claimed(location):
        assert clock.now == 2000.0 + holders.SILENCE
    assert location.names(CLAIMS) == []


@pytest.mark.parametrize("jump", [0.0, 1e6, -1e6])
def test_a_process_that_gives_signs_of_life_is_there_whatever_clocks_say(
    jump: float, location: RunLocation, clock: Clock
) -> None:
    for run in (None, "a"):
        there = left(location, run)
        clock.jump += jump
        clock.while_asleep = there.beat
        clock.now += 1000.0
        with pytest.raises(InUse, match="process 7 on far"):
            Claim(location, None).take()
        there.confirm()
        there.give_up()
        clock.while_asleep = lambda: None
        assert location.names(CLAIMS) == []


def test_one_of_two_takes_over(location: RunLocation, clock: Clock) -> None:
    left(location)
    clock.now += 1000.0
    second = Claim(location, None)

    def another_comes() -> None:
        clock.while_asleep = lambda: None
        second.take()

    clock.while_asleep = another_comes
    with pytest.raises(InUse, match=str(os.getpid())):
        Claim(location, None).take()
    second.confirm()


def test_a_file_of_a_claim_that_cannot_be_read_belongs_to_somebody_for_a_while(
    location: RunLocation, clock: Clock
) -> None:
    location.create(ALONE, b"")
    with claimed(location) as claim:
        claim.confirm()
        assert clock.now == 1000.0 + holders.SILENCE
    location.create(ALONE, b"")
    clock.while_asleep = lambda: location.put(ALONE, Claim(location, None).holder.content())
    with pytest.raises(InUse):
        Claim(location, None).take()


def test_files_that_a_machine_left_without_content_are_cleared_away(
    location: RunLocation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stopped while a claim was taken over, and again: the files that were made on the way are there, and empty."""
    made: list[str] = [ALONE]
    create = location.create

    def noted(name: str, content: bytes) -> bool:
        made.append(name)
        return create(name, content)

    monkeypatch.setattr(location, "create", noted)
    for _ in range(3):
        for name in made:
            create(name, b"")
        with claimed(location) as claim:
            claim.confirm()
    assert len(set(made)) == 4  # each names another


def test_those_that_share_one_run_go_together(location: RunLocation, clock: Clock) -> None:
    with claimed(location, "a"), claimed(location, "a") as other:
        check_free(location, shared=True)
        with pytest.raises(InUse):
            check_free(location)
        for run in (None, "b"):
            with pytest.raises(InUse):
                Claim(location, run).take()
        other.confirm()
    left(location, machine=holders.machine(), pid=os.getpid(), start="1")
    with claimed(location, "a") as claim, claimed(location, "a"):  # what is left of one that was alone is removed
        claim.confirm()
    assert location.names(CLAIMS) == []


def test_whose_directory_was_taken_over_cannot_seal(tmp_path: Path, clock: Clock) -> None:
    location = location_of(tmp_path)
    gone = left(location, machine=holders.machine(), pid=os.getpid(), start="1")

    def taken_over() -> None:
        with claimed(location):
            pass

    with pytest.raises(FileNotFoundError):
        seal({}, tmp_path, Path.mkdir, owner=gone.holder.token, ready=taken_over)
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_could_not_be_given_up_hinders_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = location_of(tmp_path)
    with monkeypatch.context() as patch, claimed(location):
        patch.setattr(RunLocation, "remove", lambda *_: (_ for _ in ()).throw(CannotWrite("gone")))
    assert location.names(CLAIMS)
    with claimed(location):
        pass


@pytest.mark.skipif(not holders.machine(), reason="this system does not tell its processes apart")
def test_a_process_that_has_ended_and_was_not_waited_for_is_gone() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        assert holders.start_of(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not holders.start_of(process.pid)


def test_signs_of_life_go_on_after_a_full_disk(location: RunLocation, monkeypatch: pytest.MonkeyPatch) -> None:
    claim, tries = Claim(location, None), []

    def beat() -> None:
        tries.append(1)
        if len(tries) == 3:
            claim.over.set()
        raise NotEnoughResources("the disk is full")

    monkeypatch.setattr(claims, "BEAT", 0.001)
    monkeypatch.setattr(claim, "beat", beat)
    claim.keep_beating()
    assert len(tries) == 3


def test_who_wakes_up_and_fails_removes_nothing_of_who_took_over(tmp_path: Path, clock: Clock) -> None:
    spec = spec_of(build_problem(short_desk()), RunOptions(paths=1000))

    def wakes_up_too_late() -> None:
        with taken(location_of(tmp_path), spec):
            (tmp_path / ALONE).write_bytes(replace(holders.this_process(None), token="other", settled=True).content())
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        wakes_up_too_late()
    assert (tmp_path / SPEC).exists()


def test_who_was_taken_over_gives_up_nothing_but_its_own(location: RunLocation, clock: Clock) -> None:
    for run in (None, "a"):
        gone = left(location)
        clock.now += 1000.0
        with claimed(location, run) as claim:
            before = location.names(CLAIMS)
            gone.give_up()
            assert location.names(CLAIMS) == before
            claim.confirm()


@pytest.mark.parametrize("command", ["run", "dry-run", "resume", "worker"])
def test_nothing_is_written_into_a_sealed_result(command: str, tmp_path: Path) -> None:
    stress.run(short_desk(), **options(2_000), out=tmp_path / "run")
    result = tmp_path / "run" / RESULT
    run = ["run", "desk", "--overwrite", "--out"]
    words = {"run": run, "dry-run": ["run", "desk", "--dry-run", *run[2:]]}.get(command, [command])
    ended = CliRunner().invoke(app, [*words, str(result)])
    assert ended.exit_code == 2, ended.stderr
    assert "is a sealed result, no run directory" in ended.stderr
    assert not faults(result)
    assert {*os.listdir(tmp_path / "run")} == {"blocks", RESULT, SPEC}


@pytest.mark.parametrize("name", ["", " ", "\t\n", Path(), Path("")])
def test_a_name_that_is_none_is_refused(name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EmptyName, match="names no run directory"):
        stress.run(short_desk(), paths=2048, out=name)
    with pytest.raises(ValueError, match="names no run directory"):
        stress.open_result(name)
    if isinstance(name, str):
        for words in (("run", "desk", "--out", name), ("demo", "--out", name), ("resume", name), ("worker", name)):
            ended = CliRunner().invoke(app, [*words])
            assert ended.exit_code == 2, ended.output
            assert "names no run directory" in ended.stderr
    assert list(tmp_path.iterdir()) == []
