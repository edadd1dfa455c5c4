"""`benchmarks/observed.py`: the anchors that calibration keeps, and the page of model beside observation."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from checkout import ROOT
from library_scenarios import problem_of, read_csv

FOLDER = ROOT / "benchmarks"
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+")


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    sys.path.insert(0, str(FOLDER))
    yield importlib.import_module("observed")
    sys.path.remove(str(FOLDER))


@pytest.fixture(scope="module")
def found(tool: ModuleType) -> Any:
    """By episode without a draw, April 2025 with draws, its run."""
    return tool.figures(tool.PAIRS)


@pytest.mark.parametrize(
    ("episode", "key", "low", "high"),
    [
        ("april", "ls_day", -2.85, -2.35),
        ("april", "ls_alone", -2.85, -2.35),
        ("april", "ls_net", -6.0, -4.0),
        ("april", "etf_1", -30.0, -26.0),
        ("april", "etf_2", -25.0, -21.0),
        ("april", "etf_5", 28.5, 35.0),
        ("april", "closes", 0.0, 0.001),
        ("april", "chips_rank", 1.0, 1.0),
        ("april", "defaults", 0.0, 0.0),
        ("archegos", "loss", 8.0, 15.0),
        ("archegos", "blocks", 15.0, 27.0),
        ("quants", "spread_1", -1.16 * 2, -1.16 / 2),
        ("quants", "spread_2", -2.83 * 2, -2.83 / 2),
        ("quants", "spread_3", -2.86 * 2, -2.86 / 2),
        ("quants", "spread_4", 0.1, np.inf),
    ],
)
def test_anchors_hold(found: Any, tool: ModuleType, episode: str, key: str, low: float, high: float) -> None:
    single, drawn, _ = found
    assert low <= single[episode][key][0] <= high
    if episode == "april" and key in drawn and key not in ("closes", "defaults"):
        assert low <= tool.mean_and_error(np.asarray(drawn[key], float))[0] <= high  # and with chance around the script


def test_closes_are_met_by_what_funds_do_and_not_by_the_script_alone(tool: ModuleType) -> None:
    problem = problem_of("tariff-2025")
    observed = importlib.import_module("observed_model").closes(problem)[:, :, 0]
    assert 0.5 < 100 * np.abs(problem.shocks.script - observed).max() < 3.0


def test_only_the_subprime_loss_of_7_august_is_scripted() -> None:
    problem = problem_of("quant-2007-08")
    assert np.argwhere(problem.shocks.script).tolist() == [[0, problem.assets.ids.index("subprime")]]
    assert len(set(problem.books.tier)) == 2  # and subprime paper does not hold up the sale of stocks


def test_the_page_is_what_the_command_writes(found: Any, tool: ModuleType) -> None:
    """Words exactly; numbers within one of their last digit, which another processor may round otherwise."""
    written, stored = tool.page(*found), tool.PAGE.read_text(encoding="utf-8")
    assert NUMBER.sub("#", written) == NUMBER.sub("#", stored)
    pairs = zip(NUMBER.findall(written), NUMBER.findall(stored), strict=True)
    far = [(new, old) for new, old in pairs if abs(float(new) - float(old)) > 1.01 * 10.0 ** -len(old.split(".")[1])]
    assert not far


def test_every_observation_has_a_source_a_grade_and_a_figure(found: Any, tool: ModuleType) -> None:
    single, _, _ = found
    observations = tool.read_csv(FOLDER / "observations.csv")
    assert len(observations) > 60
    for of in observations:
        assert of["source"]
        assert of["grade"] in {"F", "C", "R"}
        assert of["sample"] in {"in", "out"}
        assert np.isfinite(single[of["episode"]][of["key"]][0]), of["key"]
        assert (of["low"] == "") == (of["recorded"].startswith("no "))
        if recorded := re.fullmatch(r"(?:about |over |below )?([+-]?\d+(?:\.\d+)?)", of["recorded"]):
            assert float(of["low"]) <= float(recorded[1]) <= float(of["high"]), of
    compared = {(of["episode"], of["key"]) for of in observations}
    for episode in ("april", "quants", "archegos"):
        assert {(episode, key) for key in single[episode]} <= compared  # nothing is left out of the page


def test_a_figure_out_of_its_range_is_missed(tool: ModuleType) -> None:
    of = {"low": "-2.85", "high": "-2.35"}
    assert [tool.verdict(of, value) for value in (-2.9, -2.85, -2.35, -2.3)] == ["missed", "met", "met", "missed"]
    assert tool.verdict({"low": "-inf", "high": "0"}, 0.1) == "missed"
    assert tool.verdict({"low": "", "high": ""}, 0.1) == ""


def test_the_error_is_that_of_independent_pairs(tool: ModuleType) -> None:
    figure = np.random.default_rng(1).standard_normal(8)
    mean, error = tool.mean_and_error(figure)
    means = [(figure[i] + figure[i + 4]) / 2 for i in range(4)]
    assert mean == pytest.approx(np.mean(means))
    assert error == pytest.approx(np.std(means, ddof=1) / 2)
    problem = problem_of("tariff-2025")
    draws = tool.draws(problem, 3)
    np.testing.assert_array_equal(draws[:, :, :3], -draws[:, :, 3:])
    many = tool.draws(problem, 4_000)[:, :, :4_000]
    expected = 0.5 * problem.assets.shock_vol / np.sqrt(252.0)
    np.testing.assert_allclose(many.std(axis=(0, 2)), expected, rtol=0.1)  # four degrees of freedom: a wide error


def test_what_is_not_recorded_of_a_day_follows_from_its_legs(tool: ModuleType) -> None:
    module = importlib.import_module("observed_model")
    problem = problem_of("tariff-2025")
    day = {row["asset"]: row["2026-02-04"] for row in module.read_csv(FOLDER / "observed-days.csv")}
    assert set(day) == set(problem.assets.ids)
    moves = module.implied(problem, day)
    for leg in module.LEGS:
        assert moves[leg] == float(day[leg])
    # What is left of an asset after regression on the legs is uncorrelated with each of them.
    legs = [problem.assets.ids.index(leg) for leg in module.LEGS]
    sigma = problem.assets.shock_vol[:, None] * problem.shocks.correlation * problem.assets.shock_vol
    chips = problem.assets.ids.index("semis")
    beta, *_ = np.linalg.lstsq(sigma[np.ix_(legs, legs)], sigma[legs, chips], rcond=None)
    assert moves["semis"] == pytest.approx(beta @ [float(day[leg]) for leg in module.LEGS], abs=1e-9)
    assert -6.0 < moves["semis"] < -1.0


def test_observed_days_repeat_no_other_file() -> None:
    """April's closes are in the library; the other days are not."""
    with (FOLDER / "observed-days.csv").open(encoding="utf-8") as file:
        dates = file.readline().strip().split(",")[1:]
    assert not set(dates) & set(read_csv("tariff-2025-observed.csv")[0])
