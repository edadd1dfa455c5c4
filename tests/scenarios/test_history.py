"""The largest moves on record, and `benchmarks/beyond_history.py`: how often a draw of the library is beyond them."""

from __future__ import annotations

import csv
from dataclasses import replace
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from checkout import benchmark_script
from library_scenarios import problem_of
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.shocks.draw import draw, shock_keys, shock_room
from stress.scenarios.library import list_names
from stress.scenarios.library.history import FILE, Recorded, largest_move

CRISES = ("ai-unwind-2026", "tariff-2025", "quant-2007-08", "archegos-2021", "long-short-2025-04-03")
WITHOUT_HISTORY = {"ust_rv"}  # a profit by assumption


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return benchmark_script("beyond_history")


def test_every_asset_of_the_shared_market_has_a_history_with_a_source() -> None:
    with FILE.open(encoding="utf-8") as file:
        rows = {row["asset"]: row for row in csv.DictReader(file)}
    assets = problem_of("tariff-2025").assets
    assert set(rows) == set(assets.ids) - WITHOUT_HISTORY
    for asset, kind, region in zip(assets.ids, assets.asset_class, assets.region, strict=True):
        if asset not in WITHOUT_HISTORY:
            recorded = largest_move(asset, kind, region)
            assert recorded is not None
            assert 0.05 < abs(recorded.move) < 0.5
            assert rows[asset]["source"].startswith(("[C]", "[F]"))
            assert rows[asset]["series"]
    assert largest_move("gold", "equity", "global") is None, "another asset of the same name"
    assert largest_move("subprime", "credit", "us") is None


def test_no_move_of_the_library_was_larger_than_the_record() -> None:
    """Observed closes are history themselves."""
    with (FILE.parent / "tariff-2025-observed.csv").open(encoding="utf-8") as file:
        observed = {
            row["asset"]: [float(x) for day, x in row.items() if day != "asset"] for row in csv.DictReader(file)
        }
    assets = problem_of("tariff-2025").assets
    for asset, kind, region in zip(assets.ids, assets.asset_class, assets.region, strict=True):
        recorded = largest_move(asset, kind, region)
        if recorded is not None:
            assert max(map(abs, observed[asset])) <= abs(recorded.move), asset


@pytest.mark.parametrize("name", CRISES)
def test_a_crisis_draws_beyond_its_history_once_in_ten_thousand_days_at_most(name: str, tool: ModuleType) -> None:
    problem = problem_of(name)
    found = tool.beyond(problem)
    assert max(found.values(), default=0.0) <= 1.0
    assert bool(found) == (problem.shocks.model != "none")
    if found:
        fatter = replace(problem, shocks=replace(problem.shocks, dof=3.0, scale=1.25))
        assert max(tool.beyond(fatter).values()) > 1.0, "the test must be able to fail"


def test_the_crises_are_those_of_the_library() -> None:
    assert set(list_names()) - set(CRISES) == {"calm", "desk", "desk-calm"}


@pytest.mark.parametrize("name", ["calm", "desk"])
def test_the_rate_is_that_of_the_draws(name: str, tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against 100,000 days of the kernel, with a history that is exceeded often enough to be counted."""
    problem = replace(problem_of(name), steps=2)
    problem = replace(problem, shocks=replace(problem.shocks, script=problem.shocks.script[:2], drift=0.5))
    recorded = Recorded(-0.05, None)  # type: ignore[arg-type]
    monkeypatch.setattr(tool, "largest_move", lambda *_: recorded)
    structure, params = structure_of(problem), jax.tree.map(jnp.asarray, params_of(problem, 1, "float32"))
    low, days = jnp.arange(50_000, dtype=jnp.uint32), 0
    room, keys = shock_room(structure, params.shocks, len(low)), shock_keys(structure, params.shocks)
    counted = np.zeros(len(problem.assets.ids))
    for step in range(2):
        returns, _, room = draw(structure, params.shocks, low, low * 0, keys, jnp.int32(step), room)
        counted += (np.abs(np.expm1(np.asarray(returns, np.float64))) > 0.05).sum(axis=1)
        days += len(low)
    expected = np.array([tool.beyond(problem)[asset] for asset in problem.assets.ids]) / tool.DAYS
    assert np.all(np.abs(counted / days - expected) <= 5 * np.sqrt(expected * (1 - expected) / days) + 1e-12)
    assert (expected > 0.01).sum() > 3
