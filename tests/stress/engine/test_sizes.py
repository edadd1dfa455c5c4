"""The tile of a run: from the problem and the kind of device alone, or as asked for; another one rounds otherwise."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from library_scenarios import problem_of
from stress.bench.street import street_problem
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine import devices as machine
from stress.engine import sizes
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.detail.program import compile_detail
from stress.engine.path_tables import path_table
from stress.engine.plan import plan
from stress.errors import NotEnoughResources
from stress.options import LARGEST_TILE, Kind, RunOptions
from stress.scenarios.problem import Problem

PATHS = 1_000


def called(name: str) -> Problem:
    return street_problem() if name == "street" else problem_of(name)


@pytest.mark.parametrize(
    ("name", "cpu", "gpu"),
    [
        ("desk", 1_024, 262_144),
        ("desk-calm", 1_024, 262_144),
        ("quant-2007-08", 1_024, 262_144),
        ("tariff-2025", 128, 32_768),
        ("ai-unwind-2026", 128, 32_768),
        ("street", 64, 16_384),
    ],
)
def test_larger_problems_have_smaller_tiles(name: str, cpu: int, gpu: int) -> None:
    problem = called(name)
    assert sizes.paths_of_a_tile(problem, "cpu") == cpu
    assert sizes.paths_of_a_tile(problem, "gpu") == gpu


@pytest.mark.parametrize("kind", ["cpu", "gpu"])
def test_a_tile_is_a_power_of_two_that_an_option_may_ask_for(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    fewest, most = sizes.FEWEST_AND_MOST[kind]
    found = set()
    for rows in (1, 20, 36, 97, 325, 900, 5_000, 100_000):
        monkeypatch.setattr(sizes, "rows_of", lambda _, rows=rows: rows)
        tile = sizes.paths_of_a_tile(problem_of("desk"), kind)
        assert RunOptions(tile=tile).tile == tile
        found.add(tile)
    assert {fewest, most} <= found
    assert len(found) > 3


def test_the_machine_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = set()
    for cores in (1, 2):
        monkeypatch.setattr(machine, "available_cores", lambda cores=cores: cores)
        for asked in ({}, {"devices": 1}, {"paths": 10}, {"precision": "float64"}, {"block_size": 1}):
            tiles.add(sizes.devices_for(problem_of("tariff-2025"), RunOptions(**asked)).tile)
    assert tiles == {128}


def test_a_tile_that_is_asked_for_is_taken_and_a_call_keeps_its_paths() -> None:
    problem, usual = problem_of("desk"), RunOptions(paths=10**6, device="cpu", devices=1)
    devices = sizes.devices_for(problem, RunOptions(paths=10**6, device="cpu", devices=1, tile=64))
    assert (devices.tile, devices.tiles_per_device) == (64, 1_024)
    assert plan(problem, usual).block_size == plan(problem, RunOptions(**(vars(usual) | {"tile": 64}))).block_size
    assert sizes.devices_for(problem, RunOptions(tile=LARGEST_TILE)).tiles_per_device == 1


@pytest.mark.parametrize("tile", [0, -64, 32, 63, 65, 96, 1_000, 2**21, 64.0, True, "64"])
def test_other_tiles_are_refused(tile: Any) -> None:
    with pytest.raises(ValueError, match=r"tile = .* is not possible; allowed: "):
        RunOptions(tile=tile)


def test_a_tile_that_memory_does_not_hold_is_refused() -> None:
    asked = {"device": "cpu", "devices": 1, "block_size": 1, "max_memory": 2 * 2**30}
    problem = problem_of("tariff-2025")
    assert plan(problem, RunOptions(**asked, tile=1_024)).tile == 1_024  # type: ignore[arg-type]
    with pytest.raises(NotEnoughResources, match="--tile"):
        plan(problem, RunOptions(**asked, tile=LARGEST_TILE))  # type: ignore[arg-type]


def test_a_large_tile_is_planned_with_what_the_compiled_programs_take() -> None:
    """The detailed one takes most: XLA says how much, here of a quarter of the paths."""
    problem, tile = problem_of("desk"), 4_096
    needed = [
        plan(problem, RunOptions(device="cpu", devices=1, block_size=1, tile=size)).memory_bytes
        for size in (tile, 2 * tile)
    ]
    devices = sizes.devices_for(problem, RunOptions(device="cpu", devices=1, tile=tile // 4))
    structure, params = structure_of(problem), params_of(problem, 1, "float32")
    program: Any = compile_detail(structure, params, devices.mesh, tile // 4, 1)
    taken = 4 * program.memory_analysis().temp_size_in_bytes
    assert taken < needed[1] - needed[0] < 2 * taken


@pytest.mark.slow
def test_two_tiles_agree_but_for_rounding() -> None:
    problem = problem_of("desk", "horizon.steps=3")
    tables = []
    for tile in (64, 256):
        options = RunOptions(PATHS, 3, "float64", "cpu", 1, tile)
        with jax.enable_x64(True):
            simulator = ChunkSimulator(problem, options, sizes.devices_for(problem, options)).simulator
            tables.append(path_table(list(simulator.run(PATHS)), len(problem.funds.brokers)).metrics)
    for name, values in tables[0].items():
        np.testing.assert_allclose(values, tables[1][name], rtol=0, atol=1e-11, err_msg=name)
    assert (tables[0]["forced_sales"] > 0).mean() > 0.01, "paths without sales say little"
