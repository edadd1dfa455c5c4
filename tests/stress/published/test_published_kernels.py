"""The kernel of balance sheets: laws by hand, accounting, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compilation import compiled_quickly
from stress.kernels.published.balance_sheets import (
    Book,
    Marked,
    Rules,
    Sheets,
    flow_of,
    leverage_of,
    mark,
    must_shed,
    open_book,
    price_after,
    run_rounds,
    share_of,
)
from stress.kernels.published.equilibrium import equilibrium

TRIGGERS = ("equity_ratio", "leverage")
FLOWS = ("units", "value", "start_value")
LAWS = ("exponential", "bounded_exponential", "linear", "square_root")


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def sheets_of(trigger: str = "equity_ratio", law: str = "exponential", **numbers: Any) -> Sheets:
    """Three banks, two assets, two points that differ in the price of the second asset."""
    at_limit = {"equity_ratio": 0.08, "leverage": 12.5}[trigger]
    target = {"equity_ratio": 0.1, "leverage": 10.0}[trigger]
    scale = {"exponential": 2e-3, "bounded_exponential": 5e-3, "linear": 2e-3, "square_root": 0.01}[law]
    given = {
        "holdings": jnp.array([[50.0, 40.0], [30.0, 60.0], [80.0, 10.0]]),
        "other": jnp.full((3, 1), 10.0),
        "cash": jnp.full((3, 1), 2.0),
        "loan": jnp.full((3, 1), 30.0),
        "debt": jnp.full((3, 1), 62.0),
        "price": jnp.array([[1.0, 1.0], [0.97, 0.9]]),
        "level": jnp.asarray(at_limit),
        "target": jnp.asarray(target),
        "default_level": jnp.asarray(0.02),
        "impact_scale": jnp.full((2, 1), scale),
        "impact_bound": jnp.full((2, 1), 0.4),
        "execution_weight": jnp.asarray(0.5),
    }
    return Sheets(**(given | numbers))


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("cash", [True, False])
def test_equity_changes_by_prices_and_by_nothing_else(trigger: str, flow: str, law: str, cash: bool) -> None:
    """Sales turn holdings into cash or less debt; equity moves only with prices, on what is kept and what is sold."""
    sheets = sheets_of(trigger, law)
    rules = Rules(trigger, flow, law, 5, order_delay=cash, defaults=cash, cash=cash, history=True)
    _, history = jax.jit(run_rounds, static_argnums=0, compiler_options=compiled_quickly())(rules, sheets)
    assert history is not None
    opened = open_book(sheets)
    equity, price, held = np.asarray(mark(sheets, opened).equity), np.asarray(sheets.price), np.ones((3, 2))
    sold_something = False
    for i in range(5):
        share, new = np.asarray(history.share[i]), np.asarray(history.price[i])
        units = np.asarray(sheets.holdings)[:, :, None] * held[:, None, :]
        fall = (units * (price - new)).sum(axis=1)
        equity = equity - fall * (1 - share) - 0.5 * fall * share
        np.testing.assert_allclose(np.asarray(history.marked.equity[i]), equity, rtol=0, atol=1e-11)
        held = held * (1 - share)
        np.testing.assert_allclose(np.asarray(history.held[i]), held, rtol=0, atol=1e-15)
        assert np.all(new > 0)
        assert np.all(new <= price)
        price, sold_something = new, sold_something or bool(share.any())
    assert sold_something


def test_an_order_waits_a_round() -> None:
    now, later = (Rules("equity_ratio", "units", "linear", 4, order_delay=x, history=True) for x in (False, True))
    sheets = sheets_of()
    first, second = run_rounds(now, sheets)[1], run_rounds(later, sheets)[1]
    assert first is not None
    assert second is not None
    assert not np.asarray(second.share[0]).any()
    np.testing.assert_array_equal(np.asarray(first.price[:3]), np.asarray(second.price[1:]))


def test_a_sale_to_the_target_reaches_it() -> None:
    sheets = sheets_of(impact_scale=jnp.zeros((2, 1)))
    book, history = run_rounds(Rules("equity_ratio", "units", "linear", 1, history=True), sheets)
    assert history is not None
    sold = np.asarray(history.share[0]) > 0
    marked = mark(sheets, book)
    ratio = np.asarray(marked.equity / marked.assets)
    assert sold.any()
    partial = sold & (np.asarray(book.held) > 0)
    np.testing.assert_allclose(ratio[partial], 0.1, rtol=1e-12)


def test_cash_pays_the_loan_before_anything_is_sold() -> None:
    sheets = sheets_of(cash=jnp.full((3, 1), 90.0), debt=jnp.full((3, 1), 150.0), loan=jnp.full((3, 1), 28.0))
    book, _ = run_rounds(Rules("equity_ratio", "units", "linear", 1, order_delay=True, cash=True), sheets)
    paid = 28.0 - np.asarray(book.loan)
    assert paid.max() > 0
    np.testing.assert_allclose(np.asarray(book.cash), 90.0 - paid, atol=1e-12)
    assert np.all(np.asarray(book.loan) >= 0)
    covered = np.asarray(book.loan) > 0
    assert not np.asarray(book.share)[covered].any()


def test_points_of_a_grid_do_not_see_each_other() -> None:
    rules = Rules("leverage", "value", "bounded_exponential", 6)
    both = run_rounds(rules, sheets_of("leverage", "bounded_exponential"))[0]
    for point in (0, 1):
        alone = sheets_of("leverage", "bounded_exponential", price=sheets_of().price[:, point : point + 1])
        one: Book = run_rounds(rules, alone)[0]
        np.testing.assert_allclose(np.asarray(both.price[:, point]), np.asarray(one.price[:, 0]), rtol=1e-15)


@pytest.mark.parametrize(("law", "expected"), [
    ("exponential", 0.8 * math.exp(-0.02 * 5)),
    ("linear", 0.8 * (1 - 0.02 * 5)),
    ("square_root", 0.8 * (1 - 0.02 * math.sqrt(5))),
    ("bounded_exponential", 0.8 - (0.8 - 0.4) * (1 - math.exp(-0.02 * 5))),
])  # fmt: skip
def test_each_law_by_hand(law: str, expected: float) -> None:
    sheets = sheets_of(impact_scale=jnp.full((2, 1), 0.02))
    price = price_after(Rules("leverage", "units", law, 1), sheets, jnp.full((2, 1), 0.8), jnp.full((2, 1), 5.0))
    np.testing.assert_allclose(np.asarray(price), expected, rtol=1e-15)


@pytest.mark.parametrize(("law", "left"), [("linear", 0.05), ("square_root", 0.0), ("bounded_exponential", 0.4)])
def test_a_fall_has_a_floor(law: str, left: float) -> None:
    sheets = sheets_of(impact_scale=jnp.full((2, 1), 10.0))
    price = price_after(Rules("leverage", "units", law, 1), sheets, jnp.ones((2, 1)), jnp.full((2, 1), 1e4))
    np.testing.assert_allclose(np.asarray(price), left, atol=1e-15)


def test_flows_by_hand() -> None:
    sheets, sold = sheets_of(), jnp.array([[0.5], [0.0], [0.1]])
    price = jnp.array([[1.0], [0.5]])
    units = np.array([[25.0 + 8.0], [20.0 + 1.0]])
    found = [np.asarray(flow_of(Rules("leverage", name, "linear", 1), sheets, sold, price)) for name in FLOWS]
    np.testing.assert_allclose(found[0], units)
    np.testing.assert_allclose(found[1], units * np.array([[1.0], [0.5]]))
    first, third = 0.5 * 70.0, 0.1 * 85.0
    np.testing.assert_allclose(found[2], [[first * 5 / 9 + third * 8 / 9], [first * 4 / 9 + third / 9]])


def test_shares_and_leverage_at_their_edges() -> None:
    offer, value = jnp.array([0.0, 5.0, 10.0, 20.0, 1.0, 0.0]), jnp.array([10.0, 10.0, 10.0, 10.0, 0.0, 0.0])
    assert np.asarray(share_of(offer, value)).tolist() == [0.0, 0.5, 1.0, 1.0, 1.0, 0.0]
    found = leverage_of(jnp.array([10.0, 10.0, 10.0, 0.0]), jnp.array([2.0, 0.0, -1.0, -1.0]))
    assert np.asarray(found).tolist() == [5.0, math.inf, math.inf, 0.0]


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_bank_without_equity_sheds_everything_and_one_at_its_level_nothing(trigger: str) -> None:
    level, target = (0.04, 0.05) if trigger == "equity_ratio" else (25.0, 20.0)
    sheets = sheets_of(level=jnp.asarray(level), target=jnp.asarray(target))
    marked = Marked(jnp.full((3, 1), 90.0), jnp.full((3, 1), 100.0), jnp.array([[-1.0], [4.0], [3.9]]))
    need = np.asarray(must_shed(Rules(trigger, "units", "linear", 1), sheets, marked))[:, 0]
    assert need[0] >= 100
    assert need[1] == 0
    assert need[2] == pytest.approx(100 - 3.9 * 20)


def test_the_least_equilibrium_is_never_above_the_greatest() -> None:
    rules = Rules("leverage", "units", "square_root", 1)
    solve = jax.jit(equilibrium, static_argnums=(0, 2))
    for level in np.linspace(9.0, 20.0, 12):
        sheets = sheets_of("leverage", "square_root", level=jnp.asarray(level), target=jnp.asarray(level))
        least, greatest = solve(rules, sheets, False), solve(rules, sheets, True)
        assert np.all(np.asarray(least.price) >= np.asarray(greatest.price) - 1e-12)
        assert np.all(np.asarray(least.share) <= np.asarray(greatest.share) + 1e-9)
        for found in (least, greatest):
            assert np.all(np.asarray(found.converged))
            again = price_after(rules, sheets, sheets.price, flow_of(rules, sheets, found.share, sheets.price))
            np.testing.assert_allclose(np.asarray(again), np.asarray(found.price), atol=1e-12)


@pytest.mark.parametrize("rules", [
    Rules("whim", "units", "linear", 1),
    Rules("leverage", "barter", "linear", 1),
    Rules("leverage", "units", "cubic", 1),
])  # fmt: skip
def test_an_unknown_option_is_an_error(rules: Rules) -> None:
    with pytest.raises(ValueError, match=r"no (trigger|flow|impact law) '(whim|barter|cubic)'"):
        run_rounds(rules, sheets_of("leverage"))
