"""A disk that is full or fails at some write: finished blocks stay, and nothing half-written is taken up."""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import stress
from same_numbers import same_numbers
from short_desk import options, short_desk, undisturbed_run
from stress.engine import chunk_simulator as work
from stress.results.files.durable_write import WRITING, remove_leftovers
from stress.results.files.store import RunExists
from stress.run_directory.verify import verify

PATHS = 8_000
OPTIONS = options(PATHS)
WRITES = ("open", "fsync", "replace", "rename")  # what every byte and every name has to go through


@pytest.fixture(scope="module")
def scenario() -> Any:
    return short_desk()


@pytest.fixture(scope="module")
def undisturbed() -> xr.DataTree:
    return undisturbed_run(PATHS)


@pytest.fixture(autouse=True)
def as_many_writes_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of one call, however fast the machine is."""
    monkeypatch.setattr(work, "SECONDS_OF_A_CHUNK", 0.0)


class Disk:
    """Counts the writes below a folder, and lets one of them fail."""

    def __init__(self, folder: Path, fails_at: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.fails_at, self.code, self.count = folder, fails_at, code, itertools.count(1)
        self.calls = 0
        for name in WRITES:
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name)))

    def _wrapped(self, real: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            here = isinstance(args[0], int) or os.fspath(args[0]).startswith(str(self.folder))
            reads = real is OPEN and len(args) > 1 and args[1] & os.O_ACCMODE == os.O_RDONLY
            if here and not reads:
                self.calls = next(self.count)
                if self.calls == self.fails_at:
                    raise OSError(self.code, os.strerror(self.code))
            return real(*args, **options)

        return call


OPEN = os.open


def check(scenario: Any, undisturbed: xr.DataTree, out: Path, number: int, code: int) -> bool:
    """Let write `number` fail, look at what is left, and take the run up; False: there are not so many writes."""
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(out, number, code, patch)
        try:
            stress.run(scenario, **OPTIONS, out=out)
        except (OSError, RuntimeError) as error:
            said = str(error)
        else:
            assert disk.calls < number, "a write that failed was not noticed"
            return False
    assert os.strerror(code) in said
    if not (out / "spec.json").exists():
        return True  # not begun: nothing was finished
    assert not verify(out, blocks=0).problems
    try:
        same_numbers(stress.resume(out), undisturbed)
    except RunExists:  # the last flush of the folder failed: the result was there already, and is whole
        same_numbers(stress.open_result(out), undisturbed)
    return True


def writes(scenario: Any, out: Path) -> int:
    with pytest.MonkeyPatch.context() as patch:
        disk = Disk(out, 0, 0, patch)
        stress.run(scenario, **OPTIONS, out=out)
    return disk.calls


def test_some_writes_fail(scenario: Any, undisturbed: xr.DataTree, tmp_path: Path) -> None:
    last = writes(scenario, tmp_path / "whole")
    for number, code in ((9, errno.ENOSPC), (last // 3, errno.EIO)):
        assert check(scenario, undisturbed, tmp_path / str(number), number, code)
    # A claim is renewed now and then: a run that took longer has written more often.
    near = (number for number in range(last, last - 60, -6))
    assert any(check(scenario, undisturbed, tmp_path / str(number), number, errno.ENOSPC) for number in near)


@pytest.mark.slow
def test_every_write_up_to_the_result_fails_and_many_of_its_own(
    scenario: Any, undisturbed: xr.DataTree, tmp_path: Path
) -> None:
    last = writes(scenario, tmp_path / "whole")
    for code in (errno.ENOSPC, errno.EIO):
        for number in (*range(1, 120), *range(120, last + 1, 29)):
            assert check(scenario, undisturbed, tmp_path / f"{code}-{number}", number, code)


def test_a_leftover_that_another_process_finishes_meanwhile_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, gone = tmp_path / f"{WRITING}old", tmp_path / f"{WRITING}block"
    old.write_bytes(b"x")
    os.utime(old, (0, 0))
    monkeypatch.setattr(Path, "glob", lambda folder, pattern: iter([gone, old]))
    remove_leftovers(tmp_path)
    assert not old.exists()
