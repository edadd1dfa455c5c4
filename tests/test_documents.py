"""What the documents name is there, and what is there is named."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import fnmatchcase

import pytest

from checkout import ROOT
from dataset_example import TREE
from report_example import SPEC
from stress.calibration.files import NAMES as WRITTEN
from stress.own_book.assumptions import MARGIN
from stress.own_book.classes import COMMODITY, CREDIT, CRYPTO, EQUITY, FX, OTHER, RATES
from stress.own_book.estimating import HALF_LIFE
from stress.own_book.mending.rules import Rules
from stress.own_book.writer import FILES
from stress.results.dataset.units import DESCRIPTIONS
from stress.results.report.page import sections
from stress.results.report.risk import Risk
from stress.results.report.sections.answers import answers

COORDINATES = {str(name) for group in TREE.subtree for name in (*group.coords, *group.dims)} | {
    "haircuts",
    "prime_broker",
}
OF_CHECK = {"starts_in_call"}  # of the haircuts that `levstress check` tries, in no result


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def marked(text: str) -> set[str]:
    """All that stands between backticks as one word."""
    return set(re.findall(r"`([\w*]+)`", text))


def not_named(variables: set[str], text: str) -> set[str]:
    """Variables that no word of a text names, by itself or as one of a family such as `system_*`."""
    words = marked(text)
    return {name for name in variables if not any(fnmatchcase(name, word) for word in words)}


def of_results() -> set[str]:
    """Variables of any result without the suffixes of errors and intervals: each has its units in one table."""
    there = {str(name) for group in TREE.subtree for name in group.data_vars}
    plain = {re.sub(r"_(se|ci_low|ci_high)$", "", name) for name in there}
    return (plain | set(DESCRIPTIONS)) - COORDINATES - OF_CHECK


def test_every_group_and_variable_of_a_result_is_documented() -> None:
    text = page("docs/results.md")
    groups = {str(name) for name in TREE.children} | {"tail_timeline", "tails_by_trough", "shared", "paths"}
    assert groups <= marked(text)
    assert len(of_results()) > 80
    assert not not_named(of_results(), text)


def test_a_variable_that_is_not_documented_is_seen() -> None:
    text = page("docs/results.md")
    assert not_named({"var", "exposure_usd", "loss_of_sleep"}, text) == {"loss_of_sleep"}
    assert not_named({"exposure_usd", "system_es"}, text.replace("`exposure_usd`", "exposures")) == {"exposure_usd"}


def test_the_readme_names_every_group() -> None:
    (line,) = re.findall(r"^Groups: .*?\.$|^Groups: .*?;", page("README.md"), re.MULTILINE | re.DOTALL)
    assert {str(name) for name in TREE.children} | {"tail_timeline", "tails_by_trough", "shared", "paths"} == marked(
        line
    )


def test_the_commands_of_the_readme_work_in_their_order() -> None:
    """Every run directory and file that one of them reads was written by one before it."""
    text = page("README.md")
    assert text.index("source .venv/bin/activate") < text.index("\nlevstress ")
    block = text[text.index("## What it answers") :].split("```")[1]
    written = {"april.parquet"}
    for line in block.strip().splitlines():
        words = line.split("  #")[0].split()
        named = {word for word in words if word.startswith(("runs/", "mine/")) and words[1:3] != ["scenarios", "copy"]}
        assert named <= written, line
        if words[1] == "run" and "--out" not in words:
            paths = int(float(words[words.index("--paths") + 1])) if "--paths" in words else 1_000_000
            written.add(f"runs/{words[2]}-1-{paths}")
        if words[1:3] == ["scenarios", "copy"]:
            written.add(f"{words[4]}{words[3]}.toml")
    assert len(written) > 4


DOCUMENTS = ("README.md", "CONTRIBUTING.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))))
FOLDERS = ("kernels", "results", "scenarios", "stress", "tests", "docs", "benchmarks")
FILE = re.compile(r"[\w./-]*\w\.(?:py|csv|toml|md|ipynb)\b")
OF_OTHERS = {
    "investors.py",
    "NAME.py",
    "my.toml",
    "FILE.csv",
    *FILES,
    *WRITTEN,
}  # a reader's own


def tree_of_files() -> list[str]:
    """All files of the checkout that a document may name, with a leading slash."""
    inside = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    return [f"/{path.relative_to(ROOT).as_posix()}" for path in (*ROOT.glob("*.*"), *inside)]


def files_that_are_not_there(text: str, there: Collection[str]) -> set[str]:
    """Names of files between backticks and in the map of the house that no file's path ends with."""
    spans = re.findall(r"`([^`\s]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    plans = [
        word
        for block in re.findall(r"^```\n(stress/.*?)^```", text, re.MULTILINE | re.DOTALL)
        for word in block.split()
    ]
    named = {word for word in (*spans, *plans) if FILE.fullmatch(word)}
    return {
        word
        for word in named
        if word.rpartition("/")[2] not in OF_OTHERS and not any(p.endswith(f"/{word}") for p in there)
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_and_pages_that_a_document_names_are_there(name: str) -> None:
    text = page(name)
    assert not files_that_are_not_there(text, tree_of_files())
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        assert (ROOT / name).parent.joinpath(target).exists(), target


def test_every_file_and_rule_of_an_own_book_is_documented() -> None:
    text, rules = page("docs/own-book.md"), Rules()
    assert all(f"| `{name}` |" in text for name in FILES)
    for told in (
        f"{rules.stale_days} unchanged closes in a row",
        f"{rules.gap_days} days without a price",
        f"fewer than {rules.least_days} returns of its own, or no price on the last {rules.old_days} days",
        f"over {rules.large_moves:g} daily moves",
        f"within {rules.split_moves:g} daily moves",
        f"a price {rules.spike_moves:g} daily moves",
        f"half-life of {HALF_LIFE:g} days",
        "equity 15 %, credit 10, rates and fx 3, commodity 10, crypto and volatility 40",
    ):
        assert told in text
    assert [MARGIN[kind] for kind in (EQUITY, CREDIT, RATES, FX, COMMODITY, CRYPTO, OTHER)] == [
        0.15,
        0.10,
        0.03,
        0.03,
        0.10,
        0.40,
        0.40,
    ]


def test_a_file_that_is_gone_is_seen() -> None:
    there = tree_of_files()
    assert files_that_are_not_there("`twin_limits.py`, `state.py`, `engine/runner.py`", there) == {"twin_limits.py"}
    assert files_that_are_not_there("```\nstress/  api.py  gone.py\n```\n", there) == {"gone.py"}


def test_the_sections_of_the_report_are_documented_in_their_order() -> None:
    text = page("docs/report.md")
    titles = re.findall(r"^\| ([^|]+?) \| ", text, re.MULTILINE)
    assert titles[0] == "section"
    assert titles[1:] == [section.title for section in sections(TREE, SPEC)]
    questions = [question for question, _ in answers(TREE, Risk(TREE))]
    assert 1 < len(questions) == text.count("?")
    assert " ".join(questions) in text


def uneven_tables(text: str) -> list[str]:
    """Rows of tables with more or fewer cells than the row above them."""
    found, cells_above = [], None
    for line in re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        if None not in (cells, cells_above) and cells != cells_above:
            found.append(line)
        cells_above = cells
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_rows_of_a_table_have_as_many_cells(name: str) -> None:
    assert not uneven_tables(page(name))


def test_a_cell_too_many_is_seen() -> None:
    assert uneven_tables("| a | b |\n|---|---|\n| `1\\|2` | 3 |\n| 1 | 2 | |\n") == ["| 1 | 2 | |"]
