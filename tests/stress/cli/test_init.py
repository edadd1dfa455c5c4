"""`levstress init` as a user types it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from own_book_example import DAYS, foreign, positions, prices
from stress.cli import app
from stress.results.report.sections.settings import assumptions
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.guessed import guessed
from stress.scenarios.read.loader import load_scenario


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    positions().to_csv("positions.csv", index=False)
    prices().to_csv("prices.csv")
    return tmp_path


def init(*args: str) -> Any:
    return CliRunner().invoke(app, ["init", "positions.csv", "--prices", "prices.csv", *args])


def test_a_folder_that_loads(here: Path) -> None:
    done = init("--out", "my book!")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("Own book: 2 funds, 4 assets\nRead:\n")
    assert "next: levstress run my book!" in done.stderr
    scenario = load_scenario(here / "my book!")
    assert scenario.name == "my-book-"
    assert len(build_problem(scenario).assets.ids) == 4


def test_json_has_the_whole_report(here: Path) -> None:
    done = init("--json", "--out", "b")
    document = json.loads(done.stdout)
    assert document["written"] is True
    assert document["funds"]["pods"] == {"nav": 12.5e6, "gross": 4.0, "net": 0.8, "positions": 2}
    assert {"key", "value", "rule", "grade", "source"} == set(document["assumed"][0])
    assert {"what", "text", "dates", "rule"} == set(document["read"][0])


def test_a_dry_run_writes_nothing(here: Path) -> None:
    done = init("--out", "b", "--dry-run")
    assert done.exit_code == 0
    assert "Assumed: " in done.stdout
    assert sorted(path.name for path in here.iterdir()) == ["positions.csv", "prices.csv"]


def test_a_book_is_replaced_only_when_asked(here: Path) -> None:
    assert init("--out", "b").exit_code == 0
    for args in (("--out", "b"), ("--out", "b", "--dry-run")):
        refused = init(*args)
        assert refused.exit_code == 2
        assert "--overwrite replaces an own book" in refused.stderr
    assert init("--out", "b", "--overwrite", "--assumed", "b/assumed.csv").exit_code == 0
    (here / "b" / "scenario.toml").write_text("schema = 1\n")
    assert init("--out", "b", "--overwrite").exit_code == 2
    assert init("--out", "prices.csv").exit_code == 2


def test_names_that_end_with_a_dot_load(here: Path) -> None:
    """What is assumed of them is found by its key, and kept where it was edited."""
    (here / "p.csv").write_text(
        "fund,name,class,market value\nAlpha S.A.,Apple Inc.,equity,12000000\nx..y,B..C,equity,-4000000\n"
    )
    write = ["init", "p.csv", "--out", "b"]
    assert CliRunner().invoke(app, write).exit_code == 0
    loaded = build_problem(load_scenario(here / "b"))
    assert set(loaded.funds.types) == {"Alpha S.A.", "x..y"}
    path = here / "b" / "assumed.csv"
    text = re.sub(r'(""Apple Inc\."".adv",)[^,]+', r"\g<1>7e8", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    assert CliRunner().invoke(app, [*write, "--overwrite", "--assumed", "b/assumed.csv"]).exit_code == 0
    again = build_problem(load_scenario(here / "b")).assets
    assert again.adv[again.ids.index("Apple Inc.")] == 7e8


def test_options_reach_their_rules(here: Path) -> None:
    frame = prices()
    frame.loc[DAYS[100] :, "AAPL"] /= 2
    frame.loc[DAYS[50:52], "COP"] = float("nan")
    frame.rename(columns={"BRK.B": "BRK"}).to_csv("prices.csv")
    day = f"{DAYS[100]:%Y-%m-%d}"
    plain = init("--dry-run", "--proxy", "BRK.B=BRK")
    assert "AAPL: split 2 for 1" in plain.stdout
    assert "BRK.B: moves as BRK" in plain.stdout
    assert "COP: days without a price" in plain.stdout
    other = init("--dry-run", "--proxy", "BRK.B=BRK", "--keep", f"AAPL@{day}", "--gap-days", "1")
    assert "split" not in other.stdout
    assert "COP: 3 days without a return are filled" in other.stdout
    assert "holds no returns" in init("--kind", "log-returns", "--proxy", "BRK.B=BRK").stderr
    euro = init("--dry-run", "--proxy", "BRK.B=BRK", "--currency", "EUR")
    assert "all is taken to be in EUR" in euro.stdout
    assert "5 assets" in euro.stdout


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("--prices", "none.csv"), 3, "none.csv: prices = 'none.csv': cannot be read"),
        (("--currency", "XXX"), 3, "is no currency"),
        (("--proxy", "AAPL"), 2, "is not NAME=COLUMN"),
        (("--keep", "@2024"), 2, "is not NAME@DAY"),
        (("--kind", "yields"), 2, "--kind"),
        (("--gap-days", "0"), 2, "--gap-days"),
        (("--proxy", "AAPL=ZZZ"), 3, "is no column of prices.csv"),
        (("--volumes", "prices.csv", "--funds", "prices.csv"), 3, "lacks a column"),
    ],
)
def test_what_is_refused(here: Path, args: tuple[str, ...], code: int, says: str) -> None:
    done = init(*args)
    assert done.exit_code == code, done.stderr
    assert says in done.stderr
    assert not (here / "book").exists()


def test_a_guessed_nav_is_told_last_and_goes_with_the_results(here: Path) -> None:
    done = init("--out", "b")
    assert done.stderr.splitlines()[-1] == (
        "NAV of 2 funds is a guess: leverage, percentages of NAV and calls hang on it. "
        "By gross / 4, or more where margin asks for it; give --funds."
    )
    loaded = load_scenario(here / "b")
    assert guessed(loaded.sources) == ["pods", "macro"]
    assert guessed(load_scenario(here / "b", {"funds.pods.nav": 2e7}).sources) == ["macro"]
    found = repr(assumptions({"scenario": build_problem(loaded).canonical}).blocks[0])
    assert "NAV of 2 funds is a guess" in found
    assert "pods, macro" in found
    (here / "navs.csv").write_text("fund,nav\npods,2e7\nmacro,1e7\n")
    done = init("--out", "b", "--overwrite", "--funds", "navs.csv")
    assert "guess" not in done.stderr
    assert guessed(load_scenario(here / "b").sources) == []


def test_a_run_says_that_navs_are_guesses(here: Path) -> None:
    assert init("--out", "b").exit_code == 0
    done = CliRunner().invoke(app, ["run", "b", "--paths", "200", "--out", "r"])
    assert done.exit_code == 0, done.stderr
    told = " ".join(done.stdout.split())
    assert "NAV of 2 funds is a guess: leverage, percentages of NAV and calls hang on it." in told


def test_check_tells_the_part_of_currencies_in_gross(here: Path) -> None:
    foreign().to_csv("positions.csv", index=False)
    assert init("--out", "b").exit_code == 0
    checked = CliRunner().invoke(app, ["check", "b", "--paths", "0", "--json"])
    (fund,) = json.loads(checked.stdout)["funds"]
    assert 0 < fund["currencies_in_gross"] < fund["gross"]
    assert fund["gross"] - fund["currencies_in_gross"] == pytest.approx(4)  # of which NAV is a quarter
    screen = " ".join(CliRunner().invoke(app, ["check", "b", "--paths", "0"]).stdout.split())
    assert f"not in net: {fund['currencies_in_gross']:.2f} of pods" in screen
    positions().to_csv("positions.csv", index=False)
    assert init("--out", "b", "--overwrite").exit_code == 0
    assert "currencies" not in CliRunner().invoke(app, ["check", "b", "--paths", "0"]).stdout
