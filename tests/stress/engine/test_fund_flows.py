"""Forced flow by fund and asset from sums of books and products of neighbours, against every path by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from fuzz import random_problem
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.detail.fund_flows import banded_products, bands, by_fund_and_asset, row_flows, row_groups
from stress.engine.detail.tables import Moments
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS = 50


def by_hand(problem: Problem, held: np.ndarray, members: bool) -> np.ndarray:
    """(step, fund, asset, path) USD."""
    books = problem.books
    start = books.start_held[:, None] * np.ones(held.shape[2])
    change = np.diff(np.concatenate([start[None], held]), axis=0)
    fund = books.fund_of if members else problem.funds.type_of[books.fund_of]
    flow = np.zeros((held.shape[0], fund.max() + 1, len(problem.assets.ids), held.shape[2]))
    for b, f in enumerate(fund):
        weights = books.size[b] * books.shapes[books.shape_of[b]]
        flow[:, f] += change[:, b, None] * weights[:, None]
    return flow


def tiers_on_other_rates() -> Problem:
    """Two members of a type with the same books on different margin rates: shapes of their own."""
    problem = make_problem()
    rates = problem.funds.rates.copy()
    rates[3] *= 1.1
    return make_problem(funds={"rates": rates})


PROBLEMS = {"tiny": make_problem(), "tiers": tiers_on_other_rates()} | {str(s): random_problem(s) for s in range(6)}


@pytest.mark.parametrize("members", [False, True])
@pytest.mark.parametrize("name", PROBLEMS)
def test_mean_and_error_are_those_of_all_paths(name: str, members: bool) -> None:
    problem = PROBLEMS[name]
    rng = np.random.default_rng(8)
    held = np.cumprod(rng.uniform(0.6, 1.1, (problem.steps, len(problem.books.ids), PATHS)), axis=0)
    with jax.enable_x64(True):
        structure, params = structure_of(problem, members), params_of(problem, 1, "float64", members)
        flow = row_flows(structure, params, jnp.asarray(held))
        products = np.asarray(banded_products(structure, flow))
        total, square = by_fund_and_asset(structure, params, np.asarray(flow.sum(-1)), products)
    _, mean, error = Moments(("step", "fund", "asset"), total, square, PATHS).table()
    exact = by_hand(problem, held, members) / 1e9
    np.testing.assert_allclose(mean, exact.mean(axis=-1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(error, exact.std(axis=-1) / np.sqrt(PATHS - 1), rtol=1e-6, atol=1e-9)
    assert (error > 0).any()


def test_rows_are_shapes_of_types_and_books_of_members() -> None:
    problem = PROBLEMS["tiny"]  # the two members of one type share their two shapes
    assert row_groups(structure_of(problem)) == (0, 1, 2, 2, 3)
    assert row_groups(structure_of(problem, members=True)) == (0, 1, 2, 2, 3, 3, 4)
    assert bands(structure_of(problem)) == 2
    apart = structure_of(PROBLEMS["tiers"])
    assert row_groups(apart) == (0, 1, 2, 2, 2, 2, 3)
    assert bands(apart) == 4
