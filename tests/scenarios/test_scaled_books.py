"""Books scaled to `gross` and `net`: longs and shorts, assets that count in net or do not, books, members of a type."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenario_example import problem_of
from stress.scenarios.problem import Problem

IDS = ("a", "b", "c", "d")
TIERS = {"nav": [0.5, 0.3, 0.2], "gross": [0.8, 1.0, 1.5]}
NAV = 7e9
weight = st.floats(-3, 3).map(lambda x: round(x, 3))


def scenario(
    books: list[list[float]], in_net: tuple[bool, ...], gross: float | None, net: float | None, tiers: bool
) -> Problem:
    """One fund of some books, weights over IDS."""
    fund = {
        "id": "f",
        "nav": NAV,
        "prime_brokers": {"pb": 1.0},
        "books": [
            {"id": f"book{n}", "positions": {asset: w for asset, w in zip(IDS, book, strict=True) if w}}
            for n, book in enumerate(books)
        ],
    }
    fund |= {} if gross is None else {"gross": gross}
    fund |= {} if net is None else {"net": net}
    fund |= {"tiers": TIERS} if tiers else {}
    asset = {"asset_class": "equity", "region": "us", "vol": 0.2, "adv": 1e10, "margin": 0.1}
    return problem_of(
        {
            "schema": 1,
            "name": "scaled",
            "horizon": {"steps": 1},
            "shocks": {"model": "gaussian"},
            "assets": [asset | {"id": name, "in_net": counts} for name, counts in zip(IDS, in_net, strict=True)],
            "funds": [fund],
        }
    )


def positions(problem: Problem) -> np.ndarray:
    """(member, book, asset) signed multiples of the member's NAV."""
    books, members = problem.books, len(problem.funds.ids)
    usd = books.shapes[books.shape_of] * books.size[:, None]
    return usd.reshape(members, -1, len(IDS)) / problem.funds.nav[:, None, None]


def check(books: list[list[float]], in_net: tuple[bool, ...], gross: float, net: float | None, tiers: bool) -> None:
    """What the file asks for, from the numbers themselves: no step of the scaling is repeated here."""
    asked, counts = np.array(books), np.array(in_net)
    problem = scenario(books, in_net, gross, net, tiers)
    held = positions(problem)
    times = np.array(TIERS["gross"]) if tiers else np.ones(1)
    np.testing.assert_allclose(np.abs(held).sum(axis=(1, 2)), gross * times)
    np.testing.assert_array_equal(np.sign(np.round(held, 12)), np.broadcast_to(np.sign(asked), held.shape))
    for member, multiple in zip(held, times, strict=True):
        np.testing.assert_allclose(member, held[0] * multiple / times[0], rtol=1e-12, atol=1e-15)
        factor = np.divide(member, asked, out=np.full_like(member, np.nan), where=asked != 0)
        # what does not count in net keeps its share of gross
        alike(factor[:, ~counts], gross * multiple / np.abs(asked).sum())
        for sign in (1, -1):  # a side is scaled as a whole
            mine = factor[(np.sign(asked) == sign) & counts]
            alike(mine, mine[0] if len(mine) else 0.0)
        if net is None:
            alike(factor, gross * multiple / np.abs(asked).sum())
        else:
            assert member[:, counts].sum() == pytest.approx(net * multiple, abs=1e-9)


def alike(factor: np.ndarray, value: float) -> None:
    known = factor[~np.isnan(factor)]
    np.testing.assert_allclose(known, np.full_like(known, value), rtol=1e-9)


@settings(max_examples=40)
@given(
    books=st.lists(st.lists(weight, min_size=4, max_size=4).filter(any), min_size=1, max_size=3),
    in_net=st.tuples(*[st.booleans()] * 4),
    gross=st.floats(0.5, 6),
    tilt=st.floats(-0.99, 0.99),
    tiers=st.booleans(),
)
def test_any_books_come_out_as_asked(
    books: list[list[float]], in_net: tuple[bool, ...], gross: float, tilt: float, tiers: bool
) -> None:
    asked, counts = np.array(books), np.array(in_net)
    check(books, in_net, gross, None, tiers)
    both = all((np.sign(asked[:, counts]) == sign).any() for sign in (1, -1))
    if both:
        room = gross * (1 - np.abs(asked[:, ~counts]).sum() / np.abs(asked).sum())
        check(books, in_net, gross, float(tilt * room), tiers)


@pytest.mark.parametrize("tiers", [False, True])
@pytest.mark.parametrize(("outside", "counts"), [*product([-2.0, 2.0], [False, True])])
def test_a_position_outside_of_net(outside: float, counts: bool, tiers: bool) -> None:
    """Two books of gross 3 and net 0.4, one of them with bonds, long or short, that count in net or do not."""
    books = [[1.0, -0.5, 0.0, 0.0], [0.5, -1.0, 0.0, outside]]
    check(books, (True, True, True, counts), 3.0, 0.4, tiers)


def test_without_gross_weights_are_multiples_of_nav() -> None:
    books = [[1.0, -0.5, 0.0, 0.25], [0.5, 0.0, -1.0, 0.0]]
    held = positions(scenario(books, (True, False, True, True), None, None, tiers=False))
    np.testing.assert_allclose(held[0], books, rtol=1e-14)
