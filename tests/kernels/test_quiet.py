"""When a tile on which nobody trades raises an alarm: a call is equity below the requirement, a default equity gone."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stress.compile.matrices import start_books
from stress.compile.params import params_of, structure_of
from stress.kernels.margin.requirement import base_haircut, requirements
from stress.kernels.quiet import Quiet, triggered
from stress.kernels.records import Terms
from tiny import make_problem, single

NONE = jnp.zeros((0, 1))
TINY = np.finfo(np.float32).tiny


def alarm(room: float, slope: float, limit: float, change: float) -> bool:
    """Whether one fund whose equity less requirement is `room + slope change` has to act at a price of `1 + change`."""
    problem = single()
    params = params_of(problem, 1, "float32")._replace(
        start_excess=jnp.full((1, 1), slope), excess_room=jnp.full((1, 1), room), excess_limit=jnp.full((1, 1), limit)
    )
    rows = dict.fromkeys(Quiet._fields, NONE) | {"change": jnp.full((1, 1), change)}
    terms = Terms(multiplier=(), weight=NONE, depth=NONE, step=jnp.int32(1))
    return bool(triggered(structure_of(problem), params, terms, Quiet(**rows))[0])


@pytest.mark.parametrize(
    ("limit", "change", "acts"),
    [(0.0, -0.25, False), (0.0, -0.5, False), (0.0, -0.5001, True), (TINY, -0.4999, False), (TINY, -0.5, True)],
)
def test_a_requirement_must_be_missed_and_equity_must_be_gone(limit: float, change: float, acts: bool) -> None:
    assert alarm(room=1.0, slope=2.0, limit=limit, change=change) is acts


def test_funds_without_a_requirement_have_the_limit_at_which_equity_is_gone() -> None:
    problem = make_problem(funds={"has_margin": np.array([True, False, True, True, False])})
    params = params_of(problem, 1, "float32")
    np.testing.assert_array_equal(params.excess_limit[:, 0] > 0, ~problem.funds.has_margin)
    np.testing.assert_allclose(params.excess_room[~problem.funds.has_margin], 1.0)


def test_start_books_are_those_of_the_members() -> None:
    """Positions and haircuts, added up book by book."""
    problem = make_problem()
    positions, haircuts = start_books(problem)
    for member, nav in enumerate(problem.funds.nav):
        held = np.zeros(len(problem.assets.ids))
        required = 0.0
        for book in np.flatnonzero(problem.books.fund_of == member):
            usd = problem.books.size[book] * problem.books.shapes[problem.books.shape_of[book]]
            held += usd
            required += float(np.abs(usd) @ problem.funds.rates[member])
        np.testing.assert_allclose(positions[member], held / nav)
        np.testing.assert_allclose(haircuts[member].sum(), required / nav)


def test_equity_less_requirement_is_linear_in_prices() -> None:
    """As `margin.requirements` has it, with a rate that is capped on longs, an overlay and a fund without margin."""
    problem = make_problem(funds={"procyclicality": 0.0, "has_margin": np.array([True, False, True, True, True])})
    problem.funds.rates[0] = 1.5
    problem.books.overlay[-1] = True
    structure = structure_of(problem)
    assert structure.haircut
    assert structure.margin_terms == 0
    params = params_of(problem, 1, "float64")
    change = np.random.default_rng(3).uniform(-0.5, 0.5, (len(problem.assets.ids), 7))
    with jax.enable_x64(True):
        price = jnp.asarray(1.0 + change)
        terms = Terms(multiplier=(), weight=jnp.asarray(params.term_weight), depth=price[:0], step=jnp.int32(1))
        gross = params.book_gross * params.start_held
        required, _ = requirements(structure, params, terms, price, base_haircut(params, price), gross)
        equity = 1.0 + params.start_exposure @ change
        np.testing.assert_allclose(params.excess_room + params.start_excess @ change, equity - required, atol=1e-12)
