"""Who is called with other haircuts: against the closed form of one fund, and what cannot be or is said."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import plain_errors as plain
from stress.cli import app
from stress.questions.haircuts import haircuts, scaled
from stress.results.terminal.haircuts_table import haircuts_table
from stress.scenarios.build.requirement import requirement, start_positions
from stress.scenarios.problem import Problem
from stress.scenarios.start import start_in_call
from tiny import make_problem, single

PATHS, SCALE = 20_000, 5.0


def below(x: float) -> float:
    """The normal law."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def test_the_probability_of_a_call_is_the_closed_form() -> None:
    """Gross 4, rate 20 %: after a simple return r the fund is called when 1 + 4 r < 0.8 f (1 + r)."""
    problem = single(steps=1, shocks={"scale": SCALE})
    factors = (0.8, 0.9, 1.0, 1.1)
    table = haircuts(problem, PATHS, factors=factors)
    assert not table["starts_in_call"].any()
    found = []
    for factor in factors:
        least = (0.8 * factor - 1.0) / (4.0 - 0.8 * factor)
        expected = below(math.log1p(least) / (SCALE * 0.16 / math.sqrt(252.0)))
        for fund in ("f", "system"):
            one = table.sel(fund=fund, haircuts=factor)
            # The only member is all of the NAV, so every figure is the probability of its call.
            figures = ("called_nav_share", "prob_margin_call", "prob_called_over_10pct", "prob_called_over_50pct")
            values = [float(one[name]) for name in figures]
            assert values == pytest.approx([values[0]] * 4, abs=1e-12)
            assert abs(values[0] - expected) < 5 * float(one["prob_margin_call_se"])
            assert float(one["defaulted_nav_share"]) <= values[0]
            called = np.arange(PATHS) < round(values[0] * PATHS)
            errors = [plain.of_mean(called.astype(float), hits=int(called.sum())), *[plain.of_probability(called)] * 3]
            assert [float(one[f"{name}_se"]) for name in figures] == pytest.approx(errors, rel=1e-6)
        found.append(values[0])
    assert found == sorted(found)
    assert found[-1] > 1.2 * found[0]


def needed(problem: Problem) -> np.ndarray:
    return requirement(problem.funds, problem.assets, problem.books.fund_of, start_positions(problem.books))


def test_every_requirement_is_scaled_portfolio_margin_too() -> None:
    problem = make_problem()
    on = np.array([True, False, True, False, False])
    moves = np.tile([0.02, -0.10, -0.12, -0.05, -0.15], (5, 2, 1)) * np.array([1.0, -1.0])[None, :, None]
    floor = np.where(on, [0.5, 0.0, 0.01, 0.0, 0.0], 0.0)  # of the first fund the floor holds, of the third a case
    mixed = replace(problem, funds=replace(problem.funds, portfolio=on, portfolio_moves=moves, portfolio_floor=floor))
    assert (needed(mixed) > 0).all()
    np.testing.assert_allclose(needed(scaled(mixed, 1.1)), 1.1 * needed(mixed), rtol=1e-12)


def test_a_start_in_a_call_is_said_and_simulated() -> None:
    problem = single(steps=1, shocks={"scale": SCALE})
    assert start_in_call(problem) == []
    assert start_in_call(scaled(problem, 1.3)) == ["f"]  # 0.8 x 1.3 of its NAV
    table = haircuts(problem, 2_000, factors=(1.0, 1.3))
    np.testing.assert_array_equal(table["starts_in_call"].values, [[False, False], [True, True]])
    assert float(table["called_nav_share"].sel(fund="f", haircuts=1.3)) > 0.5
    screen = Console(file=io.StringIO(), width=120, color_system=None)
    screen.print(haircuts_table(table))
    assert isinstance(screen.file, io.StringIO)
    text = screen.file.getvalue()
    assert "+30 %*" in text
    assert "a member starts in a call" in text
    assert "as is*" not in text


def test_each_number_of_the_table_stands_under_its_name() -> None:
    names = {
        "called\n% NAV": "called_nav_share",
        "P of any\ncall, %": "prob_margin_call",
        "P of over\n10 %, %": "prob_called_over_10pct",
        "P of over\n50 %, %": "prob_called_over_50pct",
        "default\n% NAV": "defaulted_nav_share",
        "P of any\ndefault, %": "prob_default",
    }
    moved = haircuts(single(steps=1), 100, factors=(0.9, 1.0))
    for number, name in enumerate(names.values(), 1):
        moved[name].values[:] = np.array([[0.05], [0.06]]) + 0.1 * number
        moved[f"{name}_se"].values[:] = 0.001 * number
    table = haircuts_table(moved)
    columns = {str(column.header): list(column.cells) for column in table.columns}
    for head, name in names.items():
        shown = [f"{100 * x:.2f} ±{100 * moved[f'{name}_se'].values[0, 0]:.2f}" for x in moved[name].values[:, 0]]
        assert columns[head] == [*shown, *shown]  # of the fund and of the system
    assert columns["haircuts"] == ["-10 %", "as is"] * 2


def test_check_prints_them_by_fund() -> None:
    done = CliRunner().invoke(app, ["check", "desk", "--paths", "2000", "--json"])
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)["haircuts"]
    assert document["paths"] == 2_000
    assert set(document["funds"]) == {fund["fund"] for fund in json.loads(done.stdout)["funds"]} | {"system"}
    by_factor = document["funds"]["market_neutral"]
    shares = [by_factor[factor]["called_nav_share"] for factor in ("0.9", "1", "1.1")]
    assert shares == sorted(shares)
    assert shares[0] < shares[2]
    assert by_factor["1"]["called_nav_share_se"] > 0
