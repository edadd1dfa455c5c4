"""Options in scenario files: gammas and thetas read, scaled, margined at the start, told, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stress.results.terminal.options_table import options_document
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.canonical import digest
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document
from stress.scenarios.start import moved_options, start_table


def document(**fund: Any) -> dict[str, Any]:
    asset = {"asset_class": "equity", "region": "us", "vol": 0.3, "adv": 2e9, "margin": 0.15}
    desk = {"id": "desk", "nav": 1e9, "positions": {"tech": -0.2}, "gamma": {"tech": -6.0, "energy": -4.0}}
    margin = {"method": "portfolio", "scenarios": [{"equity": -0.15}, {"equity": 0.15}]}
    return {
        "schema": 1,
        "name": "options",
        "assets": [{"id": "tech", **asset}, {"id": "energy", **asset}],
        "shocks": {"model": "gaussian"},
        "funds": [desk | {"theta": {"tech": 0.002}, "margin": margin} | fund],
    }


def problem(**fund: Any) -> Problem:
    values = document(**fund)
    values["funds"][0] = {key: value for key, value in values["funds"][0].items() if value is not None}
    return build_problem(scenario_from_document(values))


def usd(found: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Deltas, gammas and thetas of the first book, (asset,) by id."""
    books = found.books
    assert books.gamma is not None
    assert books.theta is not None
    return tuple(books.size[0] * of[books.shape_of[0]] for of in (books.shapes, books.gamma, books.theta))


def test_gammas_and_thetas_are_multiples_of_nav() -> None:
    delta, gamma, theta = usd(problem())
    np.testing.assert_allclose(delta, [0.0, -0.2e9])
    np.testing.assert_allclose(gamma, [-4e9, -6e9])
    np.testing.assert_allclose(theta, [0.0, 2e6])


def test_gross_scales_all_three_and_is_of_deltas() -> None:
    found = problem(gross=0.1)
    np.testing.assert_allclose(np.concatenate(usd(found)), np.array([0, -0.1e9, -2e9, -3e9, 0, 1e6]))
    assert start_table(found).gross[0] == pytest.approx(0.1)


def test_a_fund_of_options_without_a_delta() -> None:
    found = problem(positions={})
    assert start_table(found).gross[0] == 0.0
    np.testing.assert_allclose(usd(found)[1], [-4e9, -6e9])


def test_a_file_of_positions_has_columns(tmp_path: Path) -> None:
    (tmp_path / "held.csv").write_text(
        "fund,asset,position,gamma,theta\ndesk,tech,-200e6,-6e9,2e6\ndesk,energy,0,-4e9,\n"
    )
    values = document(positions="held.csv")
    del values["funds"][0]["gamma"], values["funds"][0]["theta"]
    found = build_problem(scenario_from_document(values, folder=tmp_path))
    np.testing.assert_array_equal(np.concatenate(usd(found)), np.concatenate(usd(problem())))


def test_the_canonical_document_builds_the_same() -> None:
    found = problem()
    again = build_problem(scenario_from_document(found.canonical))
    assert digest(again.canonical) == digest(found.canonical)
    np.testing.assert_array_equal(np.concatenate(usd(again)), np.concatenate(usd(found)))


def test_without_options_nothing_is_there() -> None:
    for found in (problem(gamma=None, theta=None), problem(gamma={"tech": 0.0}, theta=None)):
        assert found.books.gamma is None
        assert found.books.theta is None
        assert "gamma" not in found.canonical["funds"][0]
        assert moved_options(found) == ()


def test_portfolio_margin_by_delta_and_gamma() -> None:
    """Down 15 %: 0.03 by delta, -(6 + 4) 0.15^2/2 by gamma; up 15 %: -0.03 and as much by gamma, which is worse."""
    assert start_table(problem()).requirement[0] == pytest.approx(0.03 + 5.0 * 0.15**2)


def test_what_a_move_of_all_assets_does() -> None:
    down, still, up = moved_options(problem())
    assert down.pnl == pytest.approx(0.02 - 5.0 * 0.01)
    assert down.delta_pnl == pytest.approx(0.02)
    assert down.delta == pytest.approx((-0.2 + 1.0) * 0.9)
    after = 0.15 * (0.2 + 1.0) * 1.1 + 5.0 * (0.15 * 1.1) ** 2
    assert up.requirement == pytest.approx(after / (1.0 - 0.02 - 0.05))
    assert still.pnl == 0.0
    assert still.theta == pytest.approx(0.002)
    assert len(options_document([down, still, up])["options"]) == 3


def test_the_move_to_the_first_call_looks_both_ways() -> None:
    """Sold options: the fall and the rise at which the loss and the larger requirement meet."""
    move = start_table(problem()).adverse_move[0]

    def spare(x: float) -> float:
        delta = abs(-0.2 - 10.0 * x) * (1 + x)
        return 1.0 - 0.2 * x - 5.0 * x**2 - (0.15 * delta + 5.0 * (0.15 * (1 + x)) ** 2)

    assert spare(move - 0.001) >= 0 > spare(move)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "haircuts": ({"margin": {"method": "haircut"}}, "funds.desk.gamma", "portfolio"),
    "net": ({"gross": 1.0, "net": -1.0}, "funds.desk.gamma", "gross alone"),
    "an unknown asset": ({"gamma": {"tec": 1.0}}, "funds.desk.gamma.tec", "tech"),
    "beyond all sense": ({"theta": {"tech": 1e12}}, "funds.desk.theta.tech", "1e+09 times"),
    "no number": ({"gamma": {"tech": "much"}}, "funds.desk.gamma.tech", "number"),
    "a volatility target": ({"triggers": {"target_vol": "2 x start"}}, "funds.desk.triggers.target_vol", "without"),
    "beside books": (
        {"positions": None, "books": [{"id": "a", "positions": {"tech": 1.0}}]},
        "funds.desk.gamma",
        "its books",
    ),
    "an overlay": (
        {
            "gamma": None,
            "theta": None,
            "positions": None,
            "books": [
                {"id": "a", "positions": {"tech": 1.0}},
                {"id": "h", "positions": {"tech": -1.0}, "gamma": {"tech": 1.0}, "overlay": [[0.02, 0.5]]},
            ],
        },
        "funds.desk.books.h.gamma",
        "held at the start",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    fund, key, allowed = REFUSED[name]
    with pytest.raises(ScenarioError) as caught:
        problem(**fund)
    assert caught.value.key == key
    assert allowed in str(caught.value)


def test_a_crowd_is_refused() -> None:
    values = document()
    values["crowding"] = {"desk": {"count": 2, "common": 0.5}}
    with pytest.raises(ScenarioError, match="without \\[crowding\\]"):
        build_problem(scenario_from_document(values))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("asset,position,gamma\ntech,1e8,much\n", "funds.desk.positions.gamma.tech"),
        ("asset,position,vega\ntech,1e8,1\n", "funds.desk.positions"),
    ],
)
def test_refused_files(text: str, key: str, tmp_path: Path) -> None:
    (tmp_path / "held.csv").write_text(text)
    values = document(positions="held.csv")
    del values["funds"][0]["gamma"], values["funds"][0]["theta"]
    with pytest.raises(ScenarioError) as caught:
        build_problem(scenario_from_document(values, folder=tmp_path))
    assert caught.value.file == "held.csv"
    assert "gamma" in str(caught.value)


def test_a_gamma_in_the_file_and_beside_it(tmp_path: Path) -> None:
    (tmp_path / "held.csv").write_text("asset,position,gamma\ntech,1e8,1e9\n")
    with pytest.raises(ScenarioError, match=r"stands in held\.csv, too"):
        build_problem(scenario_from_document(document(positions="held.csv"), folder=tmp_path))


def test_tiers_keep_deltas_gammas_and_thetas() -> None:
    values = document()
    values["assets"][0]["adv"] = 1e7
    values["triggers"] = {"max_participation": 0.1}
    cut = build_problem(scenario_from_document(values)).books
    assert cut.gamma is not None
    assert len(cut.ids) == 2
    total = cut.size[:, None] * cut.gamma[cut.shape_of]
    np.testing.assert_allclose(total.sum(axis=0), [-4e9, -6e9])
    np.testing.assert_allclose(cut.sizes.sum(axis=1), 1.0)
