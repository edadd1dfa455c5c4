"""Tables of shock models: what they come to, files, canonical documents, and everything that is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenario_example import problem_of
from shock_examples import IDS, LOADINGS, SHOCKS, document, history, problem
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import scenario_from_document
from stress.scenarios.shocks.bootstrap import standardised
from stress.scenarios.shocks.filtered_historical import filtered
from stress.scenarios.shocks.registry import TABLES

WITH_TABLE = {name: table for name, table in TABLES.items() if table.keys is not None}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


@pytest.mark.parametrize("name", SHOCKS)
def test_the_canonical_document_is_the_same_problem(name: str) -> None:
    """With files in full and without the tables of other models; permuting the assets of the file changes nothing."""
    asked = problem(name)
    again = build_problem(scenario_from_document(asked.canonical))
    turned = document(name)
    turned["assets"].reverse()
    other = problem_of(turned) if "correlation" not in turned and name != "regime" else again
    for found in (again, other):
        assert found.canonical["shocks"] == asked.canonical["shocks"]
        assert same(found.shocks.parameters, asked.shocks.parameters)
        assert found.shocks.class_dof == asked.shocks.class_dof
        np.testing.assert_array_equal(found.shocks.draw_correlation, asked.shocks.draw_correlation)


def test_every_model_with_a_table_is_looked_at() -> None:
    assert set(WITH_TABLE) == {given["model"] for given in SHOCKS.values()} - {"student_t"}


def in_files(folder: Path, name: str) -> Problem:
    made = document(name)
    columns = history()
    days = [f"2024-{month:02}-{day:02},{{}}" for month in range(1, 7) for day in range(1, 21)]
    cells = zip(columns["japan"], columns["semis"], columns["bonds"], strict=True)
    rows = [day.format(f"{a},{100 * b:.12g} %,0.1,{c}") for day, (a, b, c) in zip(days, cells, strict=True)]
    (folder / "returns.csv").write_text("\n".join(["date,japan,semis,gold,bonds", *rows]))
    (folder / "loadings.csv").write_text("asset,rates,market\nbonds,0.6,0\nsemis,-0.2,0.8\njapan,0,50 %\n")
    table = made["shocks"][made["shocks"]["model"]]
    table["loadings" if name == "factor" else "returns"] = "loadings.csv" if name == "factor" else "returns.csv"
    return build_problem(scenario_from_document(made, folder=folder))


def test_files_are_read_by_label(tmp_path: Path) -> None:
    assert same(in_files(tmp_path, "factor").shocks.parameters, problem("factor").shocks.parameters)
    with pytest.warns(ScenarioWarning, match="left out: gold"):
        read = in_files(tmp_path, "bootstrap")
    np.testing.assert_allclose(read.shocks.parameters.days, problem("bootstrap").shocks.parameters.days, atol=1e-9)
    assert set(read.input_hashes) == {"returns.csv"}
    text = (tmp_path / "returns.csv").read_text().splitlines()
    made = document("bootstrap")
    made["shocks"]["bootstrap"]["returns"] = "returns.csv"
    for lines, phrase in (
        ([text[0], text[2], text[1], *text[3:]], "follows 2024-01-02"),
        ([*text[:2], text[1], *text[2:]], "stands twice"),
        ([text[0], text[1].replace(",0.1,", ",0.1,,x"), *text[2:]], "cells"),
        ([text[0], f"{text[1].rpartition(',')[0]},", *text[2:]], "bonds.2024-01-01"),
        ([line.rpartition(",")[0] for line in text], "lacks bonds"),
        (text[:20], "has 19 days of 3 assets"),
    ):
        (tmp_path / "returns.csv").write_text("\n".join(lines))
        with pytest.raises(ScenarioError, match=phrase):
            build_problem(scenario_from_document(copy.deepcopy(made), folder=tmp_path))


BROKEN: list[tuple[str, dict[str, Any], str, str]] = [
    ("garch", {"garch": {"beta": 0.99}}, "shocks.garch.beta", "below 1"),
    ("garch", {"garch": {"alpha": -0.1}}, "shocks.garch.alpha", "0 or more"),
    ("garch", {"garch": {"alpha": 0.1, "gamma": -0.2}}, "shocks.garch.gamma", "0 or more"),
    ("garch", {"garch": {"alpha": {"semis": 0.1}}}, "shocks.garch.alpha.bonds", "for every asset"),
    ("garch", {"garch": {"alpha": {"gold": 0.1}}}, "shocks.garch.alpha.gold", "neither an asset nor the class"),
    ("garch", {"garch": {"start": -1}}, "shocks.garch.start", "between 0 and 1000"),
    ("garch", {"garch": {"omega": 1}}, "shocks.garch.omega", "unknown key"),
    ("garch", {"dof": {"equity": 4}}, "shocks.dof.rates", "for the class of every asset"),
    ("garch", {"dof": {"equity": 2, "rates": 4}}, "shocks.dof.equity", "greater than 2"),
    ("regime", {"regime": {"stay_calm": 1}}, "shocks.regime.stay_calm", "less than 1"),
    ("regime", {"regime": {"crisis_scale": 0}}, "shocks.regime.crisis_scale", "above 0"),
    ("regime", {"regime": {"correlation": {"constant": -0.9}}}, "shocks.regime.correlation.constant", "indefinite"),
    ("jump", {"jump": {}}, "shocks.jump.common", "a table common, own, or both"),
    ("jump", {"jump": {"own": {"rate": 300, "sd": 0.02}}}, "shocks.jump.own", "by jumps alone"),
    ("jump", {"jump": {"common": {"rate": 505}}}, "shocks.jump.common.rate", "between 0 and 504"),
    ("jump", {"jump": {"own": {"rate": 1, "sd": -0.1}}}, "shocks.jump.own.sd", "between 0 and 2"),
    ("factor", {"factor": {"loadings": {"semis": {"m": 1}}}}, "shocks.factor.loadings", "a row for every asset"),
    ("factor", {"factor": {"loadings": LOADINGS | {"x": {"m": 1}}}}, "shocks.factor.loadings.x", "is no asset"),
    ("factor", {"factor": {"loadings": LOADINGS}}, "shocks.factor.loadings.bonds", "by factors alone"),
    ("factor", {"factor": {"loadings": LOADINGS, "factor_vol": {"m": 1}}}, "shocks.factor.factor_vol.m", "no factor"),
    ("bootstrap", {"bootstrap": {"returns": {"semis": [0.1] * 40}}}, "shocks.bootstrap.returns", "lacks bonds"),
    ("bootstrap", {"bootstrap": None}, "shocks.bootstrap", "is missing"),
    ("bootstrap", {"bootstrap": {"returns": history(20)}}, "shocks.bootstrap.returns", "30 to 20,000 days"),
    (
        "filtered_historical",
        {"filtered_historical": {"returns": history() | {"semis": [0.01] * 120}}},
        "shocks.filtered_historical.returns.semis",
        "the same on every day",
    ),
    (
        "filtered_historical",
        {"filtered_historical": {"returns": history(), "beta": 0.97}},
        "shocks.filtered_historical.beta",
        "below 1",
    ),
]


@pytest.mark.parametrize(("name", "change", "key", "phrase"), BROKEN)
def test_refused(name: str, change: dict[str, Any], key: str, phrase: str) -> None:
    made = document(name)
    made["shocks"] |= change
    made["shocks"] = {key: value for key, value in made["shocks"].items() if value is not None}
    with pytest.raises(ScenarioError) as caught:
        problem_of(made)
    assert caught.value.key == key
    assert phrase in str(caught.value)


@pytest.mark.parametrize("name", ["garch", "bootstrap", "filtered_historical"])
def test_numbers_of_days_need_whole_days(name: str) -> None:
    made = document(name)
    made["horizon"]["steps_per_day"] = 2
    del made["funds"][0]["margin"]["lockup_steps"]
    with pytest.raises(ScenarioError, match="are of daily returns") as caught:
        problem_of(made)
    assert caught.value.key == "horizon.steps_per_day"


def test_tables_of_other_models_may_stand_there_and_are_named() -> None:
    made = document("garch")
    made["shocks"]["jump"] = SHOCKS["jump"]["jump"]
    with pytest.warns(ScenarioWarning, match=r"not read by the model garch: shocks\.jump$"):
        found = problem_of(made)
    assert set(found.canonical["shocks"]) >= {"garch"}
    assert "jump" not in found.canonical["shocks"]
    made["shocks"]["model"] = "bootstrap"
    made["shocks"]["bootstrap"] = {"returns": history()}
    with pytest.warns(ScenarioWarning, match="bootstrap: shocks.garch, shocks.jump, correlation"):
        problem_of(made)


def test_every_model_leaves_the_volatility_of_the_asset() -> None:
    """Variance of the draw over the one asked for, by the numbers of each model alone."""
    given = problem("regime").shocks.parameters
    np.testing.assert_allclose((1 - given.in_crisis) * given.calm**2 + given.in_crisis * given.crisis**2, 1.0)
    jump = problem("jump")
    given, asked = jump.shocks.parameters, jump.assets.shock_vol**2
    np.testing.assert_allclose(given.diffusion**2 + given.common.variance + given.own.variance, asked)
    for name in ("factor", "factor, student_t"):
        given = problem(name).shocks.parameters
        np.testing.assert_allclose((given.weights**2).sum(axis=1) + given.specific**2, 1.0)
    for name in ("bootstrap", "filtered_historical"):
        days = problem(name).shocks.parameters.days
        np.testing.assert_allclose(days.mean(axis=1), 0.0, atol=1e-15)
        np.testing.assert_allclose((days**2).mean(axis=1), 1.0)


def test_numbers_worked_out_by_hand() -> None:
    regime = problem("regime").shocks.parameters
    assert (regime.in_crisis, regime.first_in_crisis) == (pytest.approx(0.4), pytest.approx(0.4))
    np.testing.assert_allclose(regime.crisis / regime.calm, [2, 4, 4])
    np.testing.assert_array_equal(regime.correlation, [[1, -0.3, -0.4], [-0.3, 1, 0.7], [-0.4, 0.7, 1]])
    one = problem("factor")
    vol, rho = one.assets.shock_vol, one.shocks.draw_correlation
    covariance = [[0.6**2 * 0.15**2, 0, -0.2 * 0.6 * 0.15**2], [0, 0, 0.8 * 0.5 * 0.2**2]]  # bonds, japan
    assert (rho * np.outer(vol, vol))[0, 1:] == pytest.approx(covariance[0][1:])
    assert (rho * np.outer(vol, vol))[1, 2] == pytest.approx(covariance[1][2])
    specific = one.shocks.parameters.specific * vol
    assert specific[0] ** 2 == pytest.approx(0.15**2 - covariance[0][0])
    given = problem("factor, student_t").shocks.parameters  # its market and rates are of volatility 1, -0.5 correlated
    total = np.sqrt(0.8**2 + 0.2**2 + 2 * 0.8 * 0.2 * 0.5 + 0.1**2)  # of semis
    np.testing.assert_allclose(given.weights[2] @ given.weights[0], (-0.2 - 0.5 * 0.8) * 0.6 / total / np.sqrt(0.37))
    assert given.specific[2] == pytest.approx(0.1 / total)
    shocks = problem("filtered_historical").shocks.parameters
    np.testing.assert_allclose(shocks.history, np.log1p([history()[name] for name in IDS]))
    returns = standardised(shocks.history)
    residuals, last = filtered(returns, *shocks.variance[:3])
    np.testing.assert_allclose(shocks.days, standardised(residuals))
    np.testing.assert_array_equal(shocks.variance.start, last)
    falls = np.where(shocks.days < 0, shocks.days**2, 0.0).mean(axis=1)
    np.testing.assert_allclose(shocks.variance.persistence, 0.05 + 0.1 * falls + 0.8)


def test_the_filter_gives_back_the_innovations_of_its_own_law() -> None:
    """Returns made by the recursion, filtered with its numbers: what was drawn."""
    random, days = np.random.default_rng(1), 4_000
    alpha, gamma, beta, ratio = 0.08, 0.1, 0.8, 1.0
    z, returns = random.standard_normal(days), np.empty(days)
    for day in range(days):
        returns[day] = np.sqrt(ratio) * z[day]
        ratio = 1 - alpha - gamma / 2 - beta + (alpha + gamma * (z[day] < 0)) * returns[day] ** 2 + beta * ratio
    rows = [np.array([x]) for x in (alpha, gamma, beta)]
    residuals, last = filtered(returns[None], *rows)
    assert np.abs(residuals[0, 500:] - z[500:]).max() < 0.05
    assert last[0] == pytest.approx(ratio, rel=0.02)


def test_repairs_of_a_model_are_told() -> None:
    made = document("regime")
    made["shocks"]["regime"]["correlation"] = {"constant": -0.9, "repair": True}
    found = problem_of(made).shocks
    assert found.repair_distance == pytest.approx(0.4 * np.sqrt(6))
    np.testing.assert_allclose(found.parameters.correlation, np.full((3, 3), -0.5) + 1.5 * np.eye(3), atol=1e-9)
