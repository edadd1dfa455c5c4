"""Amounts in their own size: the same result in bn, m and k USD reads alike, but for the unit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import xarray as xr
from rich.text import Text
from typer.testing import CliRunner

import stress
from sizes_of_books import one_unit_down, smaller, words
from stress.cli import app
from stress.questions.limits import judge, parse_limit
from stress.results.dataset.compared import compared
from stress.results.report.sections.calls import _who
from stress.results.report.sections.exposure import purchases
from stress.results.report.sections.headline import headline
from stress.results.report.sections.worst import worst
from stress.results.terminal.cells import money, money_unit
from stress.results.terminal.compared_table import compared_table
from stress.results.terminal.summary_table import summary_table
from view_example import EVERY, TREE

WITHOUT_AMOUNTS = ("contributions", "picture")


def looked(name: str, tree: xr.DataTree) -> list[Any]:
    return EVERY[name](tree).shown


SHOWN: dict[str, Callable[[xr.DataTree], list[Any]]] = {
    **{name: partial(looked, name) for name in EVERY if name not in WITHOUT_AMOUNTS},
    "table": lambda tree: [summary_table(tree)],
    "compared": lambda tree: [compared_table(compared(tree, tree), [0.99])],
    "report, in short": lambda tree: [Text(repr(headline(tree)))],
    "report, worst paths": lambda tree: [Text(repr(worst(tree)))],
    "report, who is called": lambda tree: [Text(repr(_who(tree)))],
    "report, purchases": lambda tree: [Text(repr(purchases(tree)))],
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_thousandth_of_the_book_reads_alike_one_unit_down(name: str) -> None:
    whole, part = (words(SHOWN[name](smaller(TREE, factor))) for factor in (1.0, 1e-3))
    assert any("USD" in word for word in whole), "amounts are shown"
    assert part == one_unit_down(whole)


def test_a_millionth_too() -> None:
    whole, part = (words([summary_table(smaller(TREE, factor))]) for factor in (1.0, 1e-6))
    assert part == one_unit_down(one_unit_down(whole))


def test_a_limit_is_judged_in_its_own_unit() -> None:
    limit = parse_limit("expected_forced_sales_usd(alpha) > 2 mn USD")
    assert "limit 2 m USD" in judge([limit], TREE)[0].line()


@pytest.mark.parametrize(
    ("usd", "text"),
    [(2.5e12, "2,500 bn USD"), (2.5e9, "2.5 bn USD"), (2.5e6, "2.5 m USD"), (2.5e3, "2.5 k USD"), (0.25, "0.25 USD")],
)
def test_an_amount_alone(usd: float, text: str) -> None:
    assert money(usd) == text
    assert money(0.0) == "0 bn USD"
    assert money_unit([usd, 0.0])[0] == text.split(" ", 1)[1]


@pytest.mark.parametrize(("nav", "unit"), [("2.5 mn USD", "m USD"), ("2.5 bn USD", "bn USD"), ("900 USD", "USD")])
def test_check_has_the_unit_of_the_scenario(nav: str, unit: str) -> None:
    words = CliRunner().invoke(app, ["check", "desk", "--paths", "0", *_all_navs(nav)]).stdout
    assert f"NAV {unit}" in " ".join(words.split())
    assert nav.split()[0] in words


def _all_navs(nav: str) -> list[str]:
    funds = [fund.id for fund in stress.load_scenario("desk").funds]
    return [word for fund in funds for word in ("--set", f"funds.{fund}.nav={nav}")]
