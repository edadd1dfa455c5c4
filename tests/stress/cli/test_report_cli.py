"""`levstress report`: what it writes where, what it refuses, and the stories of a real run's worst paths."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import stress
from plot_example import TREE
from report_page import check_form, every, number, said, section, table, without
from short_desk import options, short_desk
from stress.cli import app
from stress.results.files.store import open_result, write_run

WORST = 2
PICTURED = ("start", "distribution", "timeline", "attribution", "contributions")


def invoke(*args: object) -> Any:
    return CliRunner().invoke(app, ["report", *map(str, args)])


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "a"
    write_run(without(TREE, *PICTURED), {"scenario": {}, "defaults": []}, out, overwrite=False)
    return out


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "desk"
    stress.run(short_desk("shocks.scale=2"), **options(3000), worst=5, out=out)
    return out


@pytest.mark.slow
def test_the_report_of_a_run_tells_its_worst_paths(real: Path) -> None:
    done = invoke(real, "--worst", WORST)
    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{real / 'report.html'}\n"
    page = (real / "report.html").read_text(encoding="utf-8")
    check_form(page)
    assert len(page.encode()) < 3_000_000
    tails = open_result(real)["tails"].to_dataset().sel(fund="system")
    headings = [said(heading) for heading in every(section(page, "worst"), "h3")]
    assert len(headings) == WORST + 1
    chosen = open_result(real)["timeline"].attrs["representative_path"]
    assert headings[0].startswith(f"Path {chosen}, of the worst 1 % for the whole system (")
    for rank, heading in enumerate(headings[1:], start=1):
        path, loss = str(int(tails["path_id"].sel(rank=rank))), 100 * float(tails["fund_loss"].sel(rank=rank))
        assert heading.startswith(f"Path {path}, rank {rank}: the system loses {loss:.2f} %")
        steps = table(section(page, "worst"), f"Whole system on path {path}")
        assert list(steps) == ["1", "2", "3", "4"]
        assert number(steps["4"]["Loss so far, %"])[0] == pytest.approx(loss, abs=0.0051)
        unit = next(title for title in steps["4"] if title.startswith("Called"))
        called = sum(number(row[unit])[0] for row in steps.values()) * (1e9 if "bn" in unit else 1e6)
        assert called == pytest.approx(float(tails["called_usd"].sel(rank=rank)), rel=0.01, abs=2e7)
    assert str(real) not in page
    reasons = table(section(page, "sales"), "What made funds trade on the replayed paths")
    for rank in range(1, WORST + 1):
        column = f"Path {int(tails['path_id'].sel(rank=rank))}"
        cut = sum(number(row[column])[0] for row in reasons.values() if row["Cut or built"] == "cut")
        assert cut == pytest.approx(float(tails["forced_sales_usd"].sel(rank=rank)) / 1e9, rel=0.02, abs=0.05)
    assert said(section(page, "worst")).count("In the end ") == WORST + 1


def test_report_html_is_written_anew_and_another_file_only_when_asked(synthetic: Path, tmp_path: Path) -> None:
    first = invoke(synthetic, "--worst", 0)
    assert first.exit_code == 0, first.stderr
    written = (synthetic / "report.html").read_bytes()
    other = tmp_path / "new" / "page.html"
    assert invoke(synthetic, "--worst", 0, "--out", other).exit_code == 0  # makes the folder
    assert other.read_bytes() == written
    refused = invoke(synthetic, "--out", other)
    assert refused.exit_code == 2
    assert "is there already; --overwrite replaces it" in refused.stderr
    other.write_text("mine", encoding="utf-8")
    assert invoke(synthetic, "--worst", 0, "--out", other, "--overwrite").exit_code == 0
    assert other.read_bytes() == written
    (synthetic / "report.html").write_text("old", encoding="utf-8")
    assert invoke(synthetic, "--worst", 0).exit_code == 0
    assert (synthetic / "report.html").read_bytes() == written
    assert sorted(path.name for path in synthetic.iterdir()) == ["report.html", "result.zarr", "spec.json"]


def test_paths_that_cannot_be_computed_again_are_said_to_be(synthetic: Path, tmp_path: Path) -> None:
    done = invoke(synthetic, "--out", tmp_path / "page.html")  # its spec says nothing of how it was run
    assert done.exit_code == 0, done.stderr
    assert "has no stories of the worst paths" in done.stderr
    text = said(section((tmp_path / "page.html").read_text(encoding="utf-8"), "worst"))
    assert "could not be computed again" in text
    assert str(synthetic) not in text


def test_what_cannot_be_reported_or_written_ends_with_its_code(synthetic: Path, tmp_path: Path) -> None:
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    result = invoke(unfinished)
    assert result.exit_code == 3
    assert f"{unfinished} holds no result.zarr" in result.stderr
    assert not list(unfinished.iterdir())
    assert invoke(tmp_path / "nowhere").exit_code == 2
    assert invoke(synthetic, "--worst", "-1").exit_code == 2
    folder = invoke(synthetic, "--out", tmp_path)
    assert folder.exit_code == 2
    assert "is a folder" in folder.stderr
    (tmp_path / "file").touch()
    assert invoke(synthetic, "--out", tmp_path / "file" / "page.html").exit_code == 2


@pytest.mark.parametrize(
    ("module", "options", "extra"),
    [("jinja2", (), "report"), ("matplotlib", (), "report"), ("plotly", ("--interactive",), "interactive")],
)
def test_a_missing_extra_is_named_with_the_command_that_brings_it(
    module: str, options: tuple[str, ...], extra: str, synthetic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == module else there(name, *rest))
    result = invoke(synthetic, *options)
    assert result.exit_code == 2
    assert f"a report needs {module}: pip install 'levstress[{extra}]'" in result.stderr
