"""Run directories in object stores: kept in step with a folder here, whole or not there."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
import xarray as xr
from fsspec.implementations.memory import MemoryFileSystem
from typer.testing import CliRunner

import stress
from same_numbers import same_numbers
from short_desk import SIZED, options, short_desk, undisturbed_run
from stress.cluster.worker import work_on
from stress.engine.chunks import Chunk
from stress.errors import MissingExtra
from stress.options import Progress
from stress.results.files.store import RunExists, UnfinishedRun
from stress.run_directory import taken
from stress.run_directory.chunk_store import chunk_of
from stress.run_directory.location import RemoteLocation, location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.writing import CannotWrite

URL = "memory://bucket/run"
PATHS = 8_000
OPTIONS = options(PATHS)


@pytest.fixture(scope="module")
def scenario() -> Any:
    return short_desk()


@pytest.fixture(scope="module")
def undisturbed() -> xr.DataTree:
    return undisturbed_run(PATHS)


@pytest.fixture
def bucket() -> Iterator[MemoryFileSystem]:
    system: MemoryFileSystem = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_paths_and_urls(tmp_path: Path) -> None:
    assert type(location_of(tmp_path)) is RunLocation
    assert type(location_of("runs/a")) is RunLocation
    assert type(location_of("a:b")) is RunLocation
    assert type(location_of(URL)) is RemoteLocation
    for url in ("nonsense://bucket/run", "hdfs2://x"):
        with pytest.raises(CannotWrite, match=url.split(":")[0]):
            location_of(url)


def test_a_run_in_a_bucket(scenario: Any, undisturbed: xr.DataTree, bucket: MemoryFileSystem) -> None:
    tree = stress.run(scenario, **OPTIONS, out=URL)
    same_numbers(tree, undisturbed)
    same_numbers(stress.open_result(URL), undisturbed)
    shown = CliRunner().invoke(stress_app(), ["show", URL])
    assert shown.exit_code == 0, shown.output
    assert f"levstress show {URL} --sales" in shown.output
    direct = xr.open_datatree(fsspec.get_mapper(f"{URL}/result.zarr"), engine="zarr")
    assert direct.attrs["complete"] is True
    names = {path.split("/")[3] for path in bucket.find("/bucket/run")}
    assert names == {"spec.json", "blocks", "result.zarr"}
    with pytest.raises(RunExists):
        stress.run(scenario, **OPTIONS, out=URL)
    other = stress.run(scenario, **(OPTIONS | {"seed": 6}), out=URL, overwrite=True)
    same_numbers(stress.open_result(URL), other)
    covered = sorted(chunk for path in bucket.find("/bucket/run/blocks") if (chunk := chunk_of(path.split("/")[-1])))
    assert covered[0].first == 0
    assert covered[-1].last == OPTIONS["paths"]
    assert all(one.last == other.first for one, other in itertools.pairwise(covered))


def test_a_store_that_fails_now_and_then_loses_nothing(
    scenario: Any, undisturbed: xr.DataTree, bucket: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, count = MemoryFileSystem.put_file, [0]

    def failing(self: Any, *args: Any, **options: Any) -> Any:
        count[0] += 1
        if count[0] in (3, 5, 40):
            raise ConnectionError("the line is dead")
        return put(self, *args, **options)

    monkeypatch.setattr(MemoryFileSystem, "put_file", failing)
    with pytest.raises(CannotWrite, match="the line is dead"):
        stress.run(scenario, **OPTIONS, out=URL)
    with pytest.raises(UnfinishedRun):
        stress.open_result(URL)
    finished = 0
    for _ in range(4):
        blocks = len(bucket.find("/bucket/run/blocks"))
        assert blocks >= finished
        finished = blocks
        try:
            tree = stress.resume(URL)
            break
        except CannotWrite:
            assert not bucket.exists("/bucket/run/result.zarr/zarr.json")
    assert count[0] > 40
    same_numbers(tree, undisturbed)
    same_numbers(stress.open_result(URL), undisturbed)


def refused_at(call: int, real: Any) -> Any:
    """A function that is refused at one call, as by a disk that is full."""
    calls = itertools.count(1)

    def one(*args: Any) -> Any:
        if next(calls) == call:
            raise OSError("no more room")
        return real(*args)

    return one


@pytest.mark.parametrize("where", [pytest.param("a bucket", marks=pytest.mark.slow), "a folder"])
def test_a_replacement_that_comes_to_nothing_leaves_what_was_there(
    where: str, scenario: Any, undisturbed: xr.DataTree, bucket: MemoryFileSystem, tmp_path: Path
) -> None:
    out = URL if where == "a bucket" else str(tmp_path / "run")
    location = location_of(out)
    stress.run(scenario, **OPTIONS, out=out)
    changed: dict[str, Any] = OPTIONS | {"seed": 6, "overwrite": True}

    class Stop(Exception):
        pass

    def stop_at(phase: str, first: int) -> Any:
        def stop(progress: Progress) -> None:
            if progress.phase == phase and progress.done_paths >= first:
                raise Stop

        return stop

    with pytest.raises(ValueError, match="no executor"):
        stress.run(scenario, **changed, out=out, executor="nonsense")
    for home, name, call in ((taken, "write_spec", 1), (type(location), "move", 1), (type(location), "move", 2)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(home, name, refused_at(call, getattr(home, name)))
            with pytest.raises(OSError, match="no more room"):
                stress.run(scenario, **changed, out=out)
        same_numbers(stress.open_result(out), undisturbed)
    for _ in range(2):
        with pytest.raises(Stop):
            stress.run(scenario, **changed, out=out, progress=stop_at("loading programs", 0))
        same_numbers(stress.open_result(out), undisturbed)
        assert not location.has(".replaced")
    for _ in range(2):
        with pytest.raises(Stop):
            stress.run(scenario, **changed, out=out, progress=stop_at("timeline and attribution", 0))
        assert not location.has("result.zarr")
        assert location.has(".replaced/result.zarr")
    replaced = stress.resume(out)
    assert replaced.attrs["seed"] == 6
    same_numbers(stress.open_result(out), replaced)
    assert not location.has(".replaced")


def test_workers_on_a_url_fetch_their_own_blocks_alone(
    scenario: Any, undisturbed: xr.DataTree, bucket: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = ["run", *SIZED, "--paths", str(PATHS), "--prepare", "--out", URL]
    assert CliRunner().invoke(stress_app(), begin).exit_code == 0
    work_on(URL, 1, 2)
    fetched: list[str] = []
    get = MemoryFileSystem.get_file

    def watched(self: Any, path: str, *args: Any, **options: Any) -> Any:
        fetched.append(path)
        return get(self, path, *args, **options)

    monkeypatch.setattr(MemoryFileSystem, "get_file", watched)
    assert work_on(URL, 0, 2).missing_elsewhere == 0
    assert [path for path in fetched if "blocks" in path] == []
    assert work_on(URL, 1, 2).found == PATHS // 2
    chunks = [chunk_of(os.path.basename(path)) for path in fetched if "blocks" in path]
    assert chunks
    assert all(chunk is not None and chunk.inside(Chunk(PATHS // 2, PATHS)) for chunk in chunks)
    same_numbers(stress.resume(URL), undisturbed)


@pytest.mark.slow
def test_every_command_that_reads_a_run_reads_it_from_a_url(
    scenario: Any, undisturbed: xr.DataTree, bucket: MemoryFileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stress.run(scenario, **OPTIONS, out=URL)
    said = {}
    for words in (
        ["show", URL],
        ["compare", URL, URL],
        ["replay", URL],
        ["verify", URL],
        ["report", URL, "--worst", "0"],
    ):
        ended = CliRunner().invoke(stress_app(), words)
        assert ended.exit_code == 0, ended.output
        said[words[0]] = ended.output
    assert f"levstress show {URL} --sales" in said["show"]
    assert f"A: {URL}" in said["compare"]
    assert float(np.abs(stress.compare(URL, URL)["es_difference"]).max()) == 0
    assert f"{PATHS:,} paths" in said["verify"]
    assert stress.open_result(f"{URL}/result.zarr").attrs["paths"] == PATHS  # without the run directory around it
    assert (tmp_path / "report.html").stat().st_size > 100_000
    for url in ("memory://bucket/other", "nonsense://bucket/run"):
        ended = CliRunner().invoke(stress_app(), ["show", url])
        assert ended.exit_code == 2
        assert url.split("/")[2] in ended.output


def stress_app() -> Any:
    from stress.cli import app

    return app


def test_names_of_a_store_cannot_lead_out_of_the_folder(bucket: MemoryFileSystem, tmp_path: Path) -> None:
    location = location_of(URL)
    bucket.pipe_file("/bucket/run/spec.json", b"{}")
    bucket.store["/bucket/run/blocks/../../../../evil"] = bucket.store["/bucket/run/spec.json"]
    with pytest.raises(CannotWrite, match="evil"):
        location.fetch()


def test_without_the_library_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtra, match=r"pip install 'levstress\[remote\]'"):
        location_of("s3://bucket/run")
