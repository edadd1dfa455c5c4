"""The folder that `levstress init` writes: the scenario in memory to the bit, its assumptions to be edited."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import stress
from own_book_example import foreign, positions, prices
from stress.own_book.from_book import from_book
from stress.own_book.writer import FILES, refuse_foreign, write_book
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.guessed import guessed
from stress.scenarios.read.loader import load_scenario

BOOK = from_book(pd.concat([positions(), foreign()]), prices(), name="mine")


def edit(folder: Path, key: str, value: str) -> None:
    path = folder / "assumed.csv"
    rows = list(csv.reader(path.open(encoding="utf-8")))
    for row in rows:
        row[1] = value if row[0] == key else row[1]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def test_the_folder_is_the_scenario_in_memory(tmp_path: Path) -> None:
    assert {path.name for path in write_book(BOOK, tmp_path)} == set(FILES) - {"loadings.csv"}
    read, kept = build_problem(load_scenario(tmp_path)), build_problem(BOOK.scenario)
    assert read.canonical == kept.canonical
    assert set(read.input_hashes) == {"scenario.toml", "assets.csv", "assumed.csv", "correlation.csv", "positions.csv"}
    returns = pd.read_csv(tmp_path / "returns.csv", index_col="date", parse_dates=True)
    np.testing.assert_allclose(returns, BOOK.returns, rtol=1e-8, atol=1e-15)
    assert list(returns.columns) == [row["id"] for row in BOOK.assets]


def test_what_is_assumed_stands_in_one_file_and_can_be_edited_there(tmp_path: Path) -> None:
    write_book(BOOK, tmp_path)
    edit(tmp_path, "assets.AAPL.adv", "7 bn USD")
    edit(tmp_path, "funds.pods.nav", "1e9")
    scenario = load_scenario(tmp_path)
    assert next(asset.adv for asset in scenario.assets if asset.id == "AAPL") == 7e9
    assert next(fund.nav for fund in scenario.funds if fund.id == "pods") == 1e9
    assert guessed(scenario.sources) == ["macro"]
    again = from_book(pd.concat([positions(), foreign()]), prices(), name="mine", assumed=tmp_path / "assumed.csv")
    edited = {row.key: row for row in again.report.assumed if row.grade == "A"}
    assert set(edited) == {"assets.AAPL.adv", "funds.pods.nav"}
    assert edited["assets.AAPL.adv"].value == 7e9
    assert "by rule 11200000000" in edited["assets.AAPL.adv"].rule
    assert build_problem(again.scenario).canonical == build_problem(scenario).canonical
    edit(tmp_path, "assets.AAPL.adv", "large")
    with pytest.raises(ScenarioError, match=r"assumed.csv: assets.AAPL.adv = 'large'"):
        from_book(positions(), prices(), assumed=tmp_path / "assumed.csv")


def test_rows_without_use_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("key,value\nassets.GONE.adv,1e9\n")
    book = from_book(positions(), prices(), assumed=tmp_path / "a.csv")
    assert "assets.GONE.adv: nothing is assumed there" in str(book.report.lines["left_out"])


def test_the_report_has_every_line_and_every_assumption(tmp_path: Path) -> None:
    write_book(BOOK, tmp_path)
    text = (tmp_path / "data-report.md").read_text(encoding="utf-8")
    for lines in BOOK.report.lines.values():
        assert all(line.text in text for line in lines)
    assert all(f"| {row.key} |" in text for row in BOOK.report.assumed)
    assert len({row.key for row in BOOK.report.assumed}) == len(BOOK.report.assumed) > 20


def test_foreign_folders_are_left_alone(tmp_path: Path) -> None:
    refuse_foreign(tmp_path / "new", overwrite=False)
    own, other, file = tmp_path / "own", tmp_path / "other", tmp_path / "file"
    write_book(BOOK, own)
    (own / "notes.txt").write_text("mine")
    refuse_foreign(own, overwrite=True)
    write_book(from_book(positions()), own)  # without prices: no returns of the book before are left
    assert (own / "notes.txt").exists()
    assert not (own / "returns.csv").exists()
    other.mkdir()
    (other / "assets.csv").write_text("id\n")
    file.write_text("x")
    for folder, overwrite, says in (
        (own, False, "--overwrite replaces an own book"),
        (other, False, "--overwrite replaces"),
        (other, True, "was not written by levstress init"),
        (file, True, "is a file"),
    ):
        with pytest.raises(OSError, match=says):
            refuse_foreign(folder, overwrite)
    (other / "assets.csv").rename(other / "notes.csv")
    with pytest.raises(FileExistsError, match="is not empty"):
        refuse_foreign(other, overwrite=False)


@pytest.mark.slow
def test_the_scenario_runs(tmp_path: Path) -> None:
    write_book(BOOK, tmp_path / "mine")
    folder, memory = stress.load_scenario(tmp_path / "mine"), BOOK.scenario
    one, other = (stress.run(scenario, paths=2_000) for scenario in (folder, memory))
    np.testing.assert_array_equal(one["summary"]["es"], other["summary"]["es"])
    assert (one["summary"]["es"].sel(level=[0.95, 0.99]) > 0).all()
