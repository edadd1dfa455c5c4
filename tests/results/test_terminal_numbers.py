"""Numbers of the terminal stand where their label says: in the unit of their column, of the fund of their row."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from collected_example import BROKERS_FILE_ORDER, STEPS, collected
from stress.cli.views import Choice, view_of
from stress.results.dataset.first_facts import TAIL, loss_at_end
from stress.results.dataset.tree import to_datatree
from stress.results.terminal.first_screen import first_screen
from stress.results.terminal.picture import compared_picture
from stress.results.terminal.summary_table import summary_table

TREE = to_datatree(collected(paths=2_000))


def lines_of(*shown: Any, width: int = 120) -> list[str]:
    screen = Console(file=io.StringIO(), width=width, color_system=None, markup=False, highlight=False)
    for one in shown:
        screen.print(one)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue().splitlines()


def test_mean_and_tail_of_a_broker_have_units_of_their_own() -> None:
    tree = TREE.copy(deep=True)
    tree["summary"]["broker_loss_mean"].loc[{}] = [2.5e6, 1.5e6]
    tree["summary"]["broker_loss_es"].loc[{"level": 0.99}] = [3e9, 2e9]
    lines = lines_of(summary_table(tree))
    assert any("mean, m USD" in line and "ES 99 %, bn USD" in line for line in lines)
    for broker, mean, tail in zip(BROKERS_FILE_ORDER, (2.5, 1.5), (3.0, 2.0), strict=True):
        (row,) = (line.split() for line in lines if line.split()[:1] == [broker])
        assert [float(word) for word in row[1:] if word[0].isdigit()][1:] == [mean, tail]


def test_below_the_mean_loss_of_a_fund_stands_its_own_tail() -> None:
    tree = TREE.copy(deep=True)
    table = tree["attribution"]["loss_part"]
    for number, fund in enumerate(tree["attribution"].to_dataset()["fund"].values):
        at = {"fund": fund, "slice": TAIL, "part": "total"}
        table.loc[at] = 0.11 * (number + 1)
    lines = lines_of(*first_screen(tree), width=160)
    start = next(i for i, line in enumerate(lines) if "Parts of the loss by fund" in line)
    for fund in tree["summary"].to_dataset()["fund"].values:
        row = next(i for i, line in enumerate(lines) if i > start and line.split()[:1] == [fund])
        tail = loss_at_end(tree, TAIL, str(fund))
        assert tail is not None
        assert f"{100 * tail.total.value:.2f}" in lines[row + 1].split()


def test_es_beside_a_picture_is_that_of_its_run() -> None:
    other = TREE.copy(deep=True)
    for name in ("es", "system_es"):
        other["summary"][name].loc[{}] = 2 * TREE["summary"].to_dataset()[name].values
    lines = compared_picture(TREE, other, 100).splitlines()
    for fund in TREE["distribution"].to_dataset()["fund"].values:
        row = next(i for i, line in enumerate(lines) if line.startswith("whole system" if fund == "system" else fund))
        mine, theirs = (float(line.partition(" %")[0].split()[-1]) for line in lines[row : row + 2])
        assert theirs == pytest.approx(2 * mine, abs=0.16)  # of one decimal each
        assert mine != theirs


def test_the_last_day_may_be_a_short_one() -> None:
    tree = TREE.copy(deep=True)
    tree.attrs["steps_per_day"] = STEPS - 1
    choice = Choice([], [], [], None, 2, None, None, None, None)
    view = view_of("sales", tree, "run", choice, 100)
    assert view.groups["timeline"]["step"].values.tolist() == [STEPS]
