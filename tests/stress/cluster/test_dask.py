"""Runs on a dask cluster: the numbers of this process, whoever computes them and whoever dies on the way."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import numpy as np
import pytest
import xarray as xr
from distributed import Client, LocalCluster
from typer.testing import CliRunner

import stress
from same_numbers import same_numbers
from short_desk import options, short_desk, undisturbed_run
from stress.cli import app
from stress.cluster.task import simulate_chunk
from stress.engine import runner
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.chunks import Chunk
from stress.options import Progress, RunOptions
from stress.run_directory.spec import OtherRun, spec_of
from stress.run_directory.verify import verify
from stress.scenarios.build.problem_builder import build_problem
from two_funds import TWO_FUNDS

PATHS = 60_000
OPTIONS = options(PATHS)


@pytest.fixture(scope="module")
def scenario() -> Any:
    return short_desk()


@pytest.fixture(scope="module")
def undisturbed() -> xr.DataTree:
    return undisturbed_run(PATHS)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def test_a_process_is_killed_and_nothing_is_lost_or_counted_twice(
    scenario: Any, undisturbed: xr.DataTree, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SECONDS_OF_A_TASK", 0.05)  # many tasks
    victims = list(client.run(os.getpid).values())
    assert len(victims) == 2
    done: list[int] = []

    def kill_one(progress: Progress) -> None:
        if progress.phase == "paths":
            done.append(progress.done_paths)
            if len(done) == 2:
                os.kill(victims[0], signal.SIGKILL)

    tree = stress.run(scenario, **OPTIONS, out=tmp_path, executor=client, progress=kill_one)
    assert done[-1] == PATHS
    assert len(done) > 4
    same_numbers(tree, undisturbed)
    assert not verify(tmp_path).problems
    assert "dask" in tree.attrs["computed_by"]


def test_a_stopped_run_is_taken_up_on_a_cluster(
    scenario: Any, undisturbed: xr.DataTree, client: Client, tmp_path: Path
) -> None:
    class Stop(Exception):
        pass

    done: list[int] = []

    def stop(progress: Progress) -> None:
        if progress.phase == "paths":
            done.append(progress.done_paths)
            if len(done) == 2:
                raise Stop

    with pytest.raises(Stop):
        stress.run(scenario, **OPTIONS, out=tmp_path, executor=client, progress=stop)
    assert verify(tmp_path, blocks=0).paths_on_disk == done[0]
    same_numbers(stress.resume(tmp_path, executor=client), undisturbed)


def test_two_runs_on_one_scheduler_do_not_mix(scenario: Any, undisturbed: xr.DataTree, client: Client) -> None:
    """They have the same paths in common, of which one run wants everything and the other its tails."""
    held: list[xr.DataTree] = []

    def runs_another(progress: Progress) -> None:
        if progress.phase == "paths" and not held:
            held.append(stress.run(scenario, **OPTIONS, executor=client, store="paths"))

    same_numbers(stress.run(scenario, **OPTIONS, executor=client, progress=runs_another), undisturbed)
    assert held[0]["paths"].sizes["path"] == PATHS


def test_a_scheduler_without_workers_is_said(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.cluster.dask_executor.SECONDS_OF_PATIENCE", 0.2)
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        adding = threading.Timer(3.0, cluster.scale, [1])
        adding.start()
        with pytest.warns(UserWarning, match="has no worker yet"):
            stress.run(scenario, **(OPTIONS | {"paths": 2000}), executor=client)


def test_a_task_twice_and_what_it_leaves_out(scenario: Any) -> None:
    problem, options = build_problem(scenario), RunOptions(**OPTIONS)
    spec = json.dumps(spec_of(problem, options))
    everything = ChunkSimulator(problem, options, runner_devices(problem, options))
    gatherer = everything.gatherer()
    everything.simulate(Chunk(0, 20_000), gatherer)
    nothing_left_out = everything.gatherer().least()
    one, _ = simulate_chunk(spec, Chunk(20_000, 30_000), nothing_left_out, None)
    two, _ = simulate_chunk(spec, Chunk(20_000, 30_000), nothing_left_out, None)
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    assert len(one["tail_0_ids"]) == 10_000
    bar = [(0.01, np.uint64(7))] * len(nothing_left_out)
    few, _ = simulate_chunk(spec, Chunk(20_000, 30_000), bar, None)
    kept = one["tail_0_values"] > 0.01
    assert 0 < len(few["tail_0_ids"]) < 10_000
    assert set(few["tail_0_ids"].tolist()) == set(one["tail_0_ids"][kept].tolist())


def runner_devices(problem: Any, options: RunOptions) -> Any:
    from stress.engine.sizes import devices_for

    return devices_for(problem, options)


def test_a_worker_of_another_version_is_refused(scenario: Any) -> None:
    spec = spec_of(build_problem(scenario), RunOptions(**(OPTIONS | {"seed": 6})))
    spec["identity"]["jaxlib"] = "0.0.1"
    with pytest.raises(OtherRun, match=r"this worker's machine holds another run:\n  jaxlib: 0\.0\.1 there"):
        simulate_chunk(json.dumps(spec), Chunk(0, 1), [], None)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.cluster.dask_executor.TIMEOUT", "0.3s")
    for address, code, said in (
        ("tcp://127.0.0.1:9", 4, "no dask scheduler answers"),
        ("127.0.0.1:9", 4, "no dask scheduler answers"),
        ("nonsense", 2, "'nonsense' is no executor; allowed: local, dask, or the address"),
        ("tcp://nonsense", 2, "'tcp://nonsense' is no executor"),
    ):
        ended = CliRunner().invoke(app, ["run", "desk", "--paths", "100", "--quiet", "--executor", address])
        assert ended.exit_code == code, ended.output
        assert said in ended.output
    with pytest.raises(ValueError, match=r"'nowhere' is no executor; allowed: .*tcp://host:8786"):
        stress.run("desk", **OPTIONS, executor="nowhere")


@pytest.mark.slow
def test_a_cluster_of_this_machine(scenario: Any, undisturbed: xr.DataTree) -> None:
    before = dask.config.get("scheduler", None)
    tree = stress.run(scenario, **OPTIONS, executor="dask", workers=1)
    assert dask.config.get("scheduler", None) == before  # what else the process does with dask is left alone
    assert tree.attrs["computed_by"] == "dask.distributed, processes of this machine: 1"
    same_numbers(tree, undisturbed)


@pytest.mark.slow
def test_a_sweep_loses_no_more_than_the_point_of_a_process_that_dies(client: Client, tmp_path: Path) -> None:
    file, over = tmp_path / "two.toml", "shocks.scale=1:3:0.5"
    file.write_text(TWO_FUNDS, encoding="utf-8")
    victims, done = list(client.run(os.getpid).values()), list[int]()

    def kill_one(progress: Progress) -> None:
        done.append(progress.done_paths)
        if len(done) == 2:
            os.kill(victims[-1], signal.SIGKILL)

    here = stress.sweep(file, over, paths=2000)  # first, so that no other process need compile what it keeps
    tree = stress.sweep(file, over, paths=2000, out=tmp_path / "out", executor=client, progress=kill_one)
    xr.testing.assert_identical(tree["sweep"].to_dataset(), here["sweep"].to_dataset())
    assert len(done) > 2
    assert done == sorted(done)
