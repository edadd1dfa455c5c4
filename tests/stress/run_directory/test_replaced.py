"""A run that was set aside comes back in an order that never shows a result without its spec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from stress.results.files.store import REPLACED, RESULT, SPEC
from stress.results.files.zarr_format import METADATA
from stress.run_directory.chunk_store import FOLDER
from stress.run_directory.location import location_of
from stress.run_directory.replaced_run import PARTS, restore, set_aside
from stress.run_directory.run_location import RunLocation
from stress.run_directory.writing import CannotWrite


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moves", range(len(PARTS)))
def test_a_process_killed_while_a_run_comes_back_leaves_no_result_alone(
    moves: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location, move, left = RunLocation(tmp_path), RunLocation.move, iter(range(moves))
    for name in PARTS:
        (tmp_path / REPLACED / name).mkdir(parents=True)

    def until_killed(self: RunLocation, name: str, target: str) -> None:
        if next(left, None) is None:
            raise Killed
        move(self, name, target)

    with monkeypatch.context() as patch:
        patch.setattr(RunLocation, "move", until_killed)
        with pytest.raises(Killed):
            restore(location)
    assert location.has(SPEC) or not location.has(RESULT)
    restore(location)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PARTS)


FILES = {SPEC: b"{}", f"{FOLDER}/1": b"1", f"{FOLDER}/2": b"2", f"{RESULT}/data/c": b"c", f"{RESULT}/{METADATA}": b"m"}


@pytest.fixture
def bucket() -> Iterator[RunLocation]:
    system: Any = fsspec.filesystem("memory")
    yield location_of("memory://bucket/run")
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.mark.parametrize("calls", range(len(FILES)))
@pytest.mark.parametrize("kind", ["copy", "rm_file"])
def test_a_store_that_fails_while_a_run_is_set_aside_loses_none_of_it(
    kind: str, calls: int, bucket: RunLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in FILES.items():
        bucket.put(name, content)
    system: Any = fsspec.filesystem("memory")
    real, left = getattr(system, kind), iter(range(calls))

    def call(*args: Any) -> None:
        if next(left, None) is None:
            raise OSError("the store fails")
        real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(system, kind, call)
        with pytest.raises(CannotWrite):
            set_aside(bucket)
    restore(bucket)
    assert {name: bucket.read(name) for name in FILES} == FILES
    assert bucket.names(REPLACED) == []
