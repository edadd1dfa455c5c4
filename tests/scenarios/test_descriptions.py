"""Every figure in the description of a library scenario is what the file loads."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

import stress
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.library import list_names
from stress.scenarios.overlap import type_exposure
from stress.scenarios.problem import Problem

BN = 1e9
OTHERS = ("family_office", "leveraged_etf")  # what no average of hedge funds contains


@cache
def load(name: str) -> Problem:
    return build_problem(stress.load_scenario(name))


def gross(problem: Problem, *types: str) -> float:
    chosen = np.isin(problem.funds.types, types)
    nav = np.bincount(problem.funds.type_of, problem.funds.nav)
    return float(type_exposure(problem)[0][chosen].sum() / nav[chosen].sum())


def hedge_funds(problem: Problem) -> tuple[str, ...]:
    return tuple(name for name in problem.funds.types if name not in OTHERS)


def scripted(problem: Problem, *assets: str) -> float:
    """Simple return of an equal holding of assets over the script."""
    moves = np.prod(1.0 + problem.shocks.script, axis=0) - 1.0
    return float(np.mean([moves[problem.assets.ids.index(asset)] for asset in assets]))


def us_market(problem: Problem) -> float:
    """Of the sectors by volume; legs are the same shares once more."""
    legs = {"ai_infra", "vip_longs", "most_shorted", "mom_winners", "mom_losers", "stock_longs", "stock_shorts"}
    places = zip(problem.assets.ids, problem.assets.asset_class, problem.assets.region, strict=True)
    chosen = np.array([a not in legs and kind == "equity" and region == "us" for a, kind, region in places])
    moves = np.prod(1.0 + problem.shocks.script, axis=0) - 1.0
    return float((moves * problem.assets.adv)[chosen].sum() / problem.assets.adv[chosen].sum())


def member_gross(problem: Problem) -> tuple[float, float]:
    held = np.bincount(problem.books.fund_of, problem.books.size) / problem.funds.nav
    return float(held.min()), float(held.max())


# words of the description, and the figures in them as the file has them, each within half of its last digit
Figures = dict[str, Callable[[Problem], tuple[float, ...]]]
FIGURES: dict[str, Figures] = {
    "ai-unwind-2026": {
        "298 % of NAV on average": lambda p: (100 * gross(p, *hedge_funds(p)),),
        "multi-strategy 444 %": lambda p: (100 * gross(p, "multi_strat"),),
        "quant 645 %": lambda p: (100 * gross(p, "quant_emn"),),
        "US market -5 %": lambda p: (100 * us_market(p),),
        "chips -15 %": lambda p: (100 * scripted(p, "semis"),),
        "AI infrastructure -22 %": lambda p: (100 * scripted(p, "ai_infra"),),
    },
    "archegos-2021": {
        "120 bn USD": lambda p: (p.books.size.sum() / BN,),
        "9.5 bn USD": lambda p: (p.funds.nav.sum() / BN,),
    },
    "desk": {"gross of 3.3 to 10.79": member_gross},
    "desk-calm": {
        "1/1.66": lambda p: (1, member_gross(load("desk"))[1] / member_gross(p)[1]),
        "gross 2 to 6.5": member_gross,
    },
}
# dates and what is counted in words elsewhere; figures of results, which the tests of the library's runs hold to
OTHER = re.compile(
    r"(\d+(-\d+)? (January|March|April|August)( \d{4})?|(July|March|August|November) \d{4}|[a-z]+-\d{4}|8th|9th|10th"
    r"|--paths 1|1\.3 times as hard|2\.5 to 2\.6 %)"
)


@pytest.mark.parametrize("name", list_names())
def test_every_figure_of_a_description_is_what_is_loaded(name: str) -> None:
    problem = load(name)
    text = " ".join(problem.description.split())
    for words, value in FIGURES.get(name, {}).items():
        assert words in text
        written = re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", words)
        found = value(problem)
        assert len(written) == len(found)
        for figure, number in zip(written, found, strict=True):
            decimals = len(figure.partition(".")[2])
            assert math.isclose(float(figure), number, abs_tol=0.5 * 10.0**-decimals), (words, number)
        text = text.replace(words, "")
    assert not re.search(r"\d", OTHER.sub("", text)), "a figure that nothing checks"


def test_reported_averages_and_what_carries_the_difference() -> None:
    """297.9 % by NAV, multi-strategy 444.3, quant 645.3; only types whose gross was judgement differ from April."""
    now, april = load("ai-unwind-2026"), load("tariff-2025")
    assert 100 * gross(now, *hedge_funds(now)) == pytest.approx(297.9, abs=0.05)
    assert 100 * gross(now, "multi_strat") == pytest.approx(444.3, abs=0.05)
    assert 100 * gross(now, "quant_emn") == pytest.approx(645.3, abs=0.05)
    raised = {name for name in now.funds.types if gross(now, name) > 1.01 * gross(april, name)}
    assert raised == {"macro", "credit", "trend", "asia_ls"}


def test_another_dealer_s_average() -> None:
    """The sensitivity that the file names: 285.2 %."""
    lower = {"macro": 2.203, "credit": 1.492, "trend": 1.581, "asia_ls": 1.680}
    changes = [f"funds.{name}.gross={value}" for name, value in lower.items()]
    problem = build_problem(stress.load_scenario("ai-unwind-2026", changes))
    assert 100 * gross(problem, *hedge_funds(problem)) == pytest.approx(285.2, abs=0.05)


def test_what_the_reported_days_say() -> None:
    """27 January 2025 with chips and AI infrastructure as the description says."""
    script = load("ai-unwind-2026").shocks.script
    assets = load("ai-unwind-2026").assets.ids
    assert script[0][assets.index("ai_infra")] == pytest.approx(-0.15)
    assert load("ai-unwind-2026").steps == 3 + 17  # three days of script, seventeen of chance
    assert not script[3:].any()


def test_figures_in_words() -> None:
    archegos, quants, desk = load("archegos-2021"), load("quant-2007-08"), load("desk")
    assert round(archegos.books.size.sum() / archegos.assets.adv.sum()) == 13  # thirteen days of their volume
    crowd = [name for name in quants.funds.types if gross(quants, name) == pytest.approx(8.0, abs=0.01)]
    assert crowd  # at eight times their equity
    assert (len(desk.assets.ids), len(desk.funds.ids), len(desk.funds.brokers), desk.steps) == (20, 8, 3, 10)
    assert load("tariff-2025").shocks.scale == 0.5  # a draw of half the calm volatility
