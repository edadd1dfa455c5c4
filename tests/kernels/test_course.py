"""Troughs, drawdowns and shares of NAV of both kernels against plain NumPy on the equity of every step."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from parity import Pair, run_both
from stress.compile.matrices import group_matrix
from tiny import make_problem

Floats = npt.NDArray[np.float64]
PROBLEMS: dict[str, dict[str, Any]] = {
    "one step": {"steps": 1},
    "five steps": {"steps": 5},
    "outside buyers": {"steps": 5, "retail": {"per_percent": 3e9}},
    "nobody trades": {"steps": 5, "cascade": {"feedback": False}},
}


@lru_cache(maxsize=8)
def pair(name: str) -> Pair:
    settings = {"retail": {"per_percent": 0.0}, **PROBLEMS[name]}
    return run_both(make_problem(shocks={"scale": 2.5}, **settings), 64, seed=3)


def by_row(pair: Pair, equity: Floats) -> Floats:
    """(step, member, path) -> (step, row, path)."""
    return np.asarray(np.einsum("rm,smt->srt", group_matrix(pair.problem), equity))


def equity_held_still(pair: Pair) -> Floats:
    """Equity of the start books by step, (step, member, path), from the draws and the script alone."""
    problem = pair.problem
    price = np.cumprod(np.exp(pair.draws) * (1.0 + problem.shocks.script[:, :, None]), axis=0)
    size = np.where(problem.books.start_held > 0, problem.books.size, 0.0)
    held = np.zeros((len(problem.funds.ids), len(problem.assets.ids)))
    np.add.at(held, problem.books.fund_of, problem.books.shapes[problem.books.shape_of] * size[:, None])
    return np.asarray(1.0 + np.einsum("ma,sat->smt", held / problem.funds.nav[:, None], price - 1.0))


def trough(equity: Floats) -> Floats:
    return np.asarray(1.0 - equity.min(axis=0))


def drawdown(equity: Floats) -> Floats:
    whole = np.concatenate([np.ones_like(equity[:1]), equity])
    peak = np.maximum.accumulate(whole, axis=0)
    return np.asarray(((peak - whole) / peak).max(axis=0))


@pytest.mark.parametrize("name", PROBLEMS)
def test_courses_are_those_of_the_equity_by_step(name: str) -> None:
    one = pair(name)
    traded, still = by_row(one, one.twin.equity), by_row(one, equity_held_still(one))
    np.testing.assert_allclose(one.metrics.trough, trough(traded), atol=1e-11)
    np.testing.assert_allclose(one.metrics.max_drawdown, drawdown(traded), atol=1e-11)
    np.testing.assert_allclose(one.metrics.trough_static, trough(still), atol=1e-11)
    np.testing.assert_allclose(one.quiet.trough, trough(still), atol=1e-11)
    np.testing.assert_allclose(one.quiet.max_drawdown, drawdown(still), atol=1e-11)
    if name == "five steps":
        assert (np.abs(trough(traded) - trough(still)) > 1e-3).any(), "somebody has to trade"


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_trough_is_at_least_the_final_loss_and_equal_to_it_for_one_step(name: str) -> None:
    one = pair(name)
    for found, loss in (
        (one.metrics.trough, one.metrics.fund_loss),
        (one.metrics.trough_static, one.metrics.fund_loss_static),
        (one.quiet.trough, one.quiet.fund_loss),
    ):
        assert (np.asarray(found) >= np.asarray(loss)).all()
        assert (np.asarray(found) < 0).any(), "a path that only gains has a negative one"
        if name == "one step":
            np.testing.assert_array_equal(found, loss)
        else:
            assert (np.asarray(found) > np.asarray(loss) + 1e-6).any()


@pytest.mark.parametrize("name", ["five steps", "outside buyers"])
def test_shares_are_weighted_with_nav(name: str) -> None:
    one = pair(name)
    weights = group_matrix(one.problem)
    called, failed = one.twin.first_call_step > 0, np.asarray(one.twin.defaulted, bool)
    np.testing.assert_allclose(one.metrics.called_share, weights @ called, atol=1e-12)
    np.testing.assert_allclose(one.metrics.defaulted_share, weights @ failed, atol=1e-12)
    assert ((weights @ called > 0) & (weights @ called < 1 - 1e-9)).any()
