"""Numbers of GARCH by asset from a file: the same as written into the scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shock_examples import document
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document

TEXT = "asset,beta,alpha,start\nsemis,0.8,0.05,2\nbonds,0.7,0.1,1\njapan,0.85,3 %,0.5\n"
KEYS = {
    "alpha": {"semis": 0.05, "bonds": 0.1, "japan": 0.03},
    "beta": {"semis": 0.8, "bonds": 0.7, "japan": 0.85},
    "gamma": 0.02,
}
START = {"start": {"semis": 2, "bonds": 1, "japan": 0.5}}


def made(folder: Path, name: str, text: str, **table: Any) -> Problem:
    (folder / "garch.csv").write_text(text)
    asked = document(name)
    model = asked["shocks"]["model"]
    kept = {key: x for key, x in asked["shocks"][model].items() if key in ("returns", "innovations", "mean_block")}
    asked["shocks"][model] = kept | table
    return build_problem(scenario_from_document(asked, folder=folder))


@pytest.mark.parametrize("name", ["garch", "filtered_historical"])
def test_a_file_says_what_keys_say(tmp_path: Path, name: str) -> None:
    """To the document, which needs no file; the column start is that of garch alone."""
    read = made(tmp_path, name, TEXT, numbers="garch.csv", gamma=0.02)
    written = made(tmp_path, name, TEXT, **KEYS, **(START if name == "garch" else {}))
    given = read.shocks.parameters if name == "garch" else read.shocks.parameters.variance
    np.testing.assert_array_equal(given.alpha, [0.1, 0.03, 0.05])
    assert "numbers" not in read.canonical["shocks"][name]
    again = build_problem(scenario_from_document(read.canonical))
    assert again.canonical == read.canonical
    other = written.shocks.parameters if name == "garch" else written.shocks.parameters.variance
    for mine, theirs in zip(given, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("text", "table", "said"),
    [
        (TEXT, {"alpha": 0.1}, r"shocks.garch.alpha = 0\.1: is given twice"),
        (TEXT.replace("beta", "omega"), {}, "'omega' is no column"),
        (TEXT.replace("japan", "jpn"), {}, "'jpn' is no asset"),
        ("asset,beta\nsemis,0.8\nbonds,0.7\n", {}, "shocks.garch.numbers.japan: lacks beta"),
        (TEXT.replace("0.85", "1.2"), {}, "for japan"),
    ],
)
def test_refused(tmp_path: Path, text: str, table: dict[str, Any], said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        made(tmp_path, "garch", text, numbers="garch.csv", **table)
