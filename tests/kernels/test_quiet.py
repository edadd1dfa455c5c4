"""When a tile on which nobody trades raises an alarm: a call is equity below the requirement, a default equity gone."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stress.compile.matrices import start_books
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.linear import product
from stress.kernels.margin.requirement import linear_shapes, requirement, terms_of_step
from stress.kernels.quiet import alarms
from stress.kernels.triggers.protocol import QuietView
from tiny import make_problem, single

NONE = jnp.zeros((0, 1))
TINY = np.finfo(np.float32).tiny


def alarm(room: float, slope: float, limit: float, change: float) -> bool:
    """Whether one fund whose equity less requirement is `room + slope change` has to act at a price of `1 + change`."""
    problem = single()
    params, structure = params_of(problem, 1, "float32"), structure_of(problem)
    record = params.triggers["margin_call"]._replace(
        start_excess=jnp.full((1, 1), slope), excess_room=jnp.full((1, 1), room), excess_limit=jnp.full((1, 1), limit)
    )
    terms = terms_of_step(structure, params.margin, NONE, jnp.int32(1))
    still = QuietView(structure, params.books, params.margin, terms, jnp.full((1, 1), change), NONE, NONE)
    own = dict.fromkeys(structure.triggers, ())
    return bool(alarms(structure, params._replace(triggers=params.triggers | {"margin_call": record}), own, still)[0])


@pytest.mark.parametrize(
    ("limit", "change", "acts"),
    [(0.0, -0.25, False), (0.0, -0.5, False), (0.0, -0.5001, True), (TINY, -0.4999, False), (TINY, -0.5, True)],
)
def test_a_requirement_must_be_missed_and_equity_must_be_gone(limit: float, change: float, acts: bool) -> None:
    assert alarm(room=1.0, slope=2.0, limit=limit, change=change) is acts


def test_funds_without_a_requirement_have_the_limit_at_which_equity_is_gone() -> None:
    problem = make_problem(funds={"has_margin": np.array([True, False, True, True, False])})
    call = params_of(problem, 1, "float32").triggers["margin_call"]
    np.testing.assert_array_equal(call.excess_limit[:, 0] > 0, ~problem.funds.has_margin)
    np.testing.assert_allclose(call.excess_room[~problem.funds.has_margin], 1.0)


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
    """As `margin.requirement` has it: a rate capped on longs, an overlay, no margin at all, two rates in one type."""
    problem = make_problem(funds={"procyclicality": 0.0, "has_margin": np.array([True, False, True, True, True])})
    problem.funds.rates[0] = 1.5
    assert problem.funds.type_of[2] == problem.funds.type_of[3]
    problem.funds.rates[3] = 1.3 * problem.funds.rates[2]
    problem.books.start_held[-1] = 0.0
    structure = structure_of(problem)
    assert structure.margin is not None
    assert structure.margin.methods == ("haircut",)
    assert structure.margin.terms == 0
    params = params_of(problem, 1, "float64")
    assert params.margin is not None
    call, books = params.triggers["margin_call"], params.books
    change = np.random.default_rng(3).uniform(-0.5, 0.5, (len(problem.assets.ids), 7))
    with jax.enable_x64(True):
        price = jnp.asarray(1.0 + change)
        terms = terms_of_step(structure, params.margin, price[:0], jnp.int32(1))
        assert terms is not None
        linear = product(jnp.concatenate(linear_shapes(structure, params.margin)), price)
        gross = jnp.asarray(books.gross * books.start_held)
        required = requirement(structure, books, params.margin, terms, price, gross, linear).by_member
        equity = 1.0 + books.start_exposure @ change
        np.testing.assert_allclose(call.excess_room + call.start_excess @ change, equity - required, atol=1e-12)
