"""Three runs beside each other: the figures of each, the differences of pairs, and what is not there."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from compared_example import A, B, tree_with, without
from stress.results.dataset.compared import compared
from stress.results.side_by_side.dataset import side_by_side
from stress.results.side_by_side.document import document
from stress.results.side_by_side.figure import es_map
from stress.results.side_by_side.page import side_by_side_html
from stress.results.side_by_side.table import letters, shown

C = tree_with({"es": (0.5, 0.001)}, seed=9)
NUMBERS = side_by_side({"a": A, "b": B, "c": C})


def printed(numbers: xr.Dataset, width: int = 80) -> str:
    screen = Console(file=io.StringIO(), width=width)
    for part in shown(numbers, [0.99], width):
        screen.print(part)
    return screen.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_figures_are_those_of_each_run() -> None:
    for run, tree in (("a", A), ("b", B), ("c", C)):
        summary = tree["summary"].to_dataset()
        for suffix in ("", "_se"):
            found = NUMBERS[f"es{suffix}"].sel(run=run, fund=summary["fund"].values, level=summary["level"].values)
            np.testing.assert_array_equal(found.values, summary[f"es{suffix}"].values)
            system = NUMBERS[f"mean_loss{suffix}"].sel(run=run, fund="system")
            assert float(system) == float(summary[f"system_mean_loss{suffix}"])


@pytest.mark.parametrize(("run", "tree"), [("b", B), ("c", C)])
def test_differences_are_those_of_the_pair_with_the_first(run: str, tree: xr.DataTree) -> None:
    pair, mine = compared(A, tree), NUMBERS.sel(run=run)
    for name in ("es", "called_nav_share"):
        for part in ("difference", "difference_se", "z"):
            found = mine[f"{name}_{part}"].sel({dim: pair[dim].values for dim in pair[f"{name}_{part}"].dims})
            np.testing.assert_array_equal(found.values, pair[f"{name}_{part}"].values)
    p = mine["es_p"].sel(fund=pair["fund"].values, level=pair["level"].values)
    np.testing.assert_allclose(p.values, np.minimum(2 * pair["es_p"].values, 1.0))
    assert NUMBERS.sel(run="a")["es_difference"].isnull().all()


def test_what_a_run_lacks_is_open() -> None:
    fewer = without(B, fund=["alpha"])
    numbers = side_by_side({"a": A, "fewer": fewer, "c": C})
    assert numbers["es"].sel(run="fewer", fund="alpha").isnull().all()
    assert np.isfinite(numbers["es"].sel(run="fewer", fund="system", level=0.99))
    assert " - " in printed(numbers)
    turned = side_by_side({"fewer": fewer, "a": A})
    assert "alpha" in turned["fund"].values
    assert turned["es_difference"].sel(fund="alpha").isnull().all()
    assert np.isfinite(turned["es"].sel(run="a", fund="alpha", level=0.99))


def test_the_table_fits_and_marks_what_is_significant() -> None:
    text = printed(NUMBERS)
    assert max(map(len, text.splitlines())) <= 80
    row = text[text.index(" alpha") :]
    assert "*" in row[: row.index("NAV called")]  # an ES of a half
    many = side_by_side({f"run {at}": tree for at, tree in enumerate([A, B, C, A, B, C, A])})
    assert max(map(len, printed(many).splitlines())) <= 80
    assert printed(many).count("Figures") == 3
    assert letters(many) == list("ABCDEFG")


def test_json_figure_and_page() -> None:
    found = document(NUMBERS, [0.99])
    es = found["funds"]["alpha"]["es"]["0.99"]
    assert [one["value"] for one in es][2] == 0.5
    assert es[0]["difference"] is None
    assert [run["seed"] for run in found["runs"]] == [7, 8, 9]
    axes = es_map(NUMBERS)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["A", "B", "C"]
    page = side_by_side_html(NUMBERS, [{"key": "seed", "runs": ["7", "8", "<b>"]}])
    assert "<b>" not in page
    assert "Settings that differ" in page
    assert page == side_by_side_html(NUMBERS, [{"key": "seed", "runs": ["7", "8", "<b>"]}])
