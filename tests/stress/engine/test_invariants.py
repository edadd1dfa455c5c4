"""The check of every run: planted violations are seen, and end a run with exit 7."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

from parity import run_both
from stress.cli import app
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.detail import program as detail
from stress.engine.detail.invariants import Invariants, check, look_at
from stress.errors import InvariantFailed
from tiny import make_problem

PROBLEM = make_problem(shocks={"scale": 3.0})
VALID = jnp.ones(32, bool)


@cache
def pair() -> Any:
    return run_both(PROBLEM, 32, seed=3)


def found(**changes: Any) -> Invariants:
    structure, params = structure_of(PROBLEM), params_of(PROBLEM, 3, "float64")
    return look_at(structure, params, pair().report._replace(**changes), VALID)


def test_a_sound_run_passes() -> None:
    assert check(found(), "float32") < 1e-6
    with pytest.raises(InvariantFailed, match="misses the profit or loss"):
        check(found()._replace(residual=jnp.array(2e-6)), "float32")


def test_a_wrong_component_is_seen() -> None:
    outside = np.array(pair().report.outside)
    outside[2, 1, 5] += 1e-4
    with pytest.raises(InvariantFailed, match="misses the profit or loss"):
        check(found(outside=jnp.asarray(outside)), "float32")


def test_a_wrong_asset_is_seen() -> None:
    assert float(found().asset_residual) < 1e-7  # looked at in float32
    by_asset = np.array(pair().report.asset_pnl)
    by_asset[3, 2, 5] += 1e-4
    with pytest.raises(InvariantFailed, match="the P&L by asset misses that of the system on a path by"):
        check(found(asset_pnl=jnp.asarray(by_asset)), "float32")


def test_a_holding_that_grew_and_a_price_below_zero_are_seen() -> None:
    held, price = np.array(pair().report.held), np.array(pair().report.price)
    held[3, 0, 7] = held[2, 0, 7] * 1.01
    price[1, 2, 9] = -0.1
    both = found(held=jnp.asarray(held), price=jnp.asarray(price))
    assert int(both.bad_holdings) == 1
    assert int(both.bad_prices) == 1
    with pytest.raises(InvariantFailed, match="a price is not positive on 1 paths; a holding is negative, or grew"):
        check(both, "float32")
    assert int(found(held=jnp.full_like(pair().report.held, jnp.nan)).bad_holdings) == 32


def test_a_violation_ends_a_run_with_exit_7(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    def refuse(*_: Any) -> float:
        return check(Invariants(jnp.ones(1), jnp.zeros(1), jnp.zeros(1, int), jnp.full(1, 3)), "float32")

    monkeypatch.setattr(detail, "check", refuse)
    call = ["run", "desk-calm", "--paths", "2000", "--quiet", "--out", str(tmp_path / "run")]
    ended = CliRunner().invoke(app, call)
    assert ended.exit_code == 7
    assert "on 3 paths" in ended.output
    assert not (tmp_path / "run" / "result.zarr").exists()
