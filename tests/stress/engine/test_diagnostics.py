"""Every figure of `diagnostics` once more: from stored paths, the reference and a plain draw, over many chunks."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import xarray as xr

from chunked_run import LARGEST_MOVE, LEVELS, PATHS, SEED, SLOPE, chunked_run, problem, told
from plain_draw import plain_draw, times_clipped
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.checkpoints import checkpoints


@pytest.fixture(scope="module")
def table() -> xr.Dataset:
    return to_datatree(chunked_run())["diagnostics"].to_dataset()


def test_nothing_is_left_out(table: xr.Dataset) -> None:
    checked = {"mean_loss", "var", "es", "rounds_used", "paths_at_round_limit", "draws_clipped", "prices_floored"}
    checked |= {"forced_flow_beyond_depth_share", "correlation_repair_distance", "attribution_residual", "seconds"}
    assert {str(name) for name in table.data_vars} == checked


def test_cascades_are_those_of_the_reference(table: xr.Dataset) -> None:
    np.testing.assert_array_equal(table["rounds_used"], told().rounds.max(axis=1))
    assert (told().rounds[:, -6:].max(axis=1) < told().rounds.max(axis=1)).any()
    assert int(table["paths_at_round_limit"]) == told().at_round_limit.sum() > 5


def test_clipped_draws_are_those_of_a_plain_draw(table: xr.Dataset) -> None:
    expected = times_clipped(plain_draw(problem(), SEED, PATHS)[1], LARGEST_MOVE)
    assert int(table["draws_clipped"]) == expected > PATHS // 4


def test_flows_and_floors_are_those_of_the_reference(table: xr.Dataset) -> None:
    adv = problem().assets.adv[:, None]
    flow = np.abs(told().forced_flow_usd)
    beyond = flow[flow > told().depth * adv].sum() / flow.sum()
    assert float(table["forced_flow_beyond_depth_share"]) == pytest.approx(beyond, rel=1e-6)
    assert 0.05 < beyond < 0.95
    floored = (SLOPE * told().recent_flow / told().depth <= -0.95).any(axis=1).sum()
    assert int(table["prices_floored"]) == floored > 5


def test_losses_are_those_of_the_stored_paths(table: xr.Dataset) -> None:
    output = chunked_run()
    stored = output.stored
    assert stored is not None
    np.testing.assert_allclose(stored.metrics["fund_loss"], told().group_loss, rtol=0, atol=1e-9)
    order = [*(output.groups.index(name) for name in output.groups_file_order), len(output.groups)]
    loss = np.sort(stored.metrics["fund_loss"], axis=1)[order, ::-1]
    assert table["checkpoint"].values.tolist() == [PATHS]
    np.testing.assert_allclose(table["mean_loss"][0], loss.mean(axis=1), atol=1e-12)
    for at, level in enumerate(LEVELS):
        worst = int((1 - Fraction(level)) * PATHS)
        np.testing.assert_allclose(table["es"][0, :, at], loss[:, :worst].mean(axis=1), atol=1e-12)
        np.testing.assert_allclose(table["var"][0, :, at], loss[:, worst], atol=1e-12)


def test_what_is_left(table: xr.Dataset) -> None:
    assert float(table["correlation_repair_distance"]) == 0.125
    assert 0 <= float(table["attribution_residual"]) < 1e-12
    phases = ["compile_and_first_block", "paths", "detail", "worst_paths"]
    assert table["phase"].values.tolist() == phases
    assert bool((table["seconds"] >= 0).all())
    assert float(table["seconds"].sel(phase="paths")) >= float(table["seconds"][0])


def test_checkpoints_are_those_of_the_first_paths() -> None:
    loss = np.random.default_rng(2).standard_t(3, (2, 5_000))
    found = checkpoints(loss, ("0.9", "0.999"))
    assert found["paths"].tolist() == [1024, 2048, 4096, 5000]
    for i, count in enumerate(found["paths"]):
        first = np.sort(loss[:, :count], axis=1)[:, ::-1]
        np.testing.assert_allclose(found["mean_loss"][i], loss[:, :count].mean(axis=1), atol=1e-14)
        for j, level in enumerate(("0.9", "0.999")):
            mass = (1 - Fraction(level)) * int(count)
            whole = math.floor(mass)
            part = float(mass - whole) * first[:, whole]
            np.testing.assert_allclose(found["es"][i, :, j], (first[:, :whole].sum(axis=1) + part) / float(mass))
            np.testing.assert_array_equal(found["var"][i, :, j], first[:, whole])
