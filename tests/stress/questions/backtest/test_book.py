"""Books and mappings: read, or refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import stress
from stress.questions.backtest.book import read_book
from stress.questions.backtest.mapping import attribute, read_mapping
from stress.scenarios.errors import ScenarioError, ScenarioWarning

NAMES = ("AAA", "BBB", "CCC")


def test_positions_by_fund_and_in_total(tmp_path: Path) -> None:
    file = tmp_path / "positions.csv"
    file.write_text("Fund,Ticker,position_usd\nx,CCC,100\ny,AAA,-50.5\nx,AAA,10\nx,CCC,1\n")
    found = read_book(str(file), NAMES, "p.csv")
    assert found.funds == ("x", "y", "system")
    assert found.positions.tolist() == [[10, -50.5, -40.5], [0, 0, 0], [101, 0, 101]]
    file.write_text("fund,asset,usd,currency\nx,CCC,100,EUR\n")
    assert read_book(str(file), NAMES, "p.csv").funds == ("x",)


def test_any_file_that_init_reads(tmp_path: Path) -> None:
    """Funds side by side, decimal commas, a row of sums, which a warning names."""
    file = tmp_path / "positions.csv"
    file.write_text("ticker;one;two\nAAA;1,5;2\nBBB;;-3,25\nTotal;1,5;-1,25\n")
    with pytest.warns(ScenarioWarning, match=r"line 4 is a sum \(Total\)"):
        found = read_book(str(file), NAMES, "p.csv")
    assert found.positions[:, :2].tolist() == [[1.5, 2.0], [0.0, -3.25], [0.0, 0.0]]


def test_a_scenario_is_held_as_it_starts() -> None:
    problem = stress.build_problem(stress.load_scenario("desk"))
    found = read_book("desk", problem.assets.ids, "p.csv")
    assert found.funds == (*problem.funds.types_file_order, "system")
    gross = np.abs(found.positions[:, :-1]).sum(axis=0)
    for fund, usd in zip(found.funds[:-1], gross, strict=True):
        books = problem.books.fund_of == problem.funds.ids.index(fund)
        size = float((problem.books.size * problem.books.start_held)[books].sum())
        assert 0 < usd <= size * (1 + 1e-12)  # books of one fund may offset each other
    assert found.positions[:, -1] == pytest.approx(found.positions[:, :-1].sum(axis=1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fund,asset,usd\nx,CCD,100\n", r"x\.CCD = 100\.0: has no history in p\.csv\n  allowed: did you mean 'CCC'\?"),
        ("fund,asset,usd\nx,CCC,many\n", r"positions = 'many': line 2, column usd: is no number"),
        ("fund,asset,usd\nx,,1\n", "positions: line 2, column asset: names no instrument"),
        ("fund,asset,usd\nx,CCC,1\nx,CCC,-1\n", "x: holds nothing"),
        ("fund,asset,quantity\nx,CCC,1\n", r"line 2 = 1\.0: is a quantity, and no prices are read"),
        ("fund,asset,value,currency\nx,CCC,1,EUR\n", "line 2 = 'EUR': is in another currency"),
        ("", "positions: is empty"),
    ],
)
def test_positions_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "positions.csv"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=r"positions\.csv: " + said):
        read_book(str(file), NAMES, "p.csv")


def test_a_book_that_is_not_there() -> None:
    with pytest.raises(ScenarioError, match=r"gone\.csv.*cannot be read"):
        read_book("gone.csv", NAMES, "p.csv")
    with pytest.raises(ScenarioError, match="gone"):
        read_book("gone", NAMES, "p.csv")


def test_a_mapping_prices_names_by_others(tmp_path: Path) -> None:
    file = tmp_path / "proxies.csv"
    file.write_text("name,proxy,loading\nCCC,AAA,0.5\nCCC,BBB,0.25\n")
    matrix = read_mapping(file, NAMES)
    assert matrix.tolist() == [[1, 0, 0], [0, 1, 0], [0.5, 0.25, 0]]
    random = np.random.default_rng(1)
    simple = 0.01 * random.standard_normal((400, 3))
    simple[-250:, 2] = simple[-250:, :2] @ [0.5, 0.25] + 0.001 * random.standard_normal(250)  # so of late only
    found = attribute(simple, np.array([[1.0, 0.0], [0.0, 5.0], [2.0, 0.0]]), matrix, ("mapped", "not"))
    assert found["zone"].values.tolist() == ["green", "green"]
    assert float(found["spearman"].sel(fund="not")) == pytest.approx(1.0)
    assert 0.9 < float(found["spearman"].sel(fund="mapped")) < 0.9999
    other = attribute(simple, np.array([[0.0], [0.0], [1.0]]), np.array([[1.0, 0, 0], [0, 1, 0], [0, -1, 0]]), ("x",))
    assert other["zone"].values.tolist() == ["red"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,proxy,loading\nCCD,AAA,1\n", r"row 1, name = 'CCD': is no name .*\n  allowed: did you mean 'CCC'"),
        ("name,proxy,loading\nCCC,AAB,1\n", "row 1, proxy = 'AAB': is no name"),
        ("name,proxy,loading\nCCC,AAA,x\n", "row 1, loading = 'x': is no number"),
        ("a,b\n1,2\n", r"header = 'a, b': has other columns\n  allowed: name, proxy, loading"),
        ("", "is no table"),
    ],
)
def test_mappings_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "proxies.csv"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=said):
        read_mapping(file, NAMES)
    with pytest.raises(ScenarioError, match="is not there"):
        read_mapping(tmp_path / "gone.csv", NAMES)
