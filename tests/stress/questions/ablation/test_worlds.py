"""Worlds without a mechanism are what a scenario without it would be, path by path."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from stress.options import RunOptions
from stress.questions.ablation.ablate import chosen_mechanisms, runs_of, worlds_of
from stress.questions.ablation.mechanisms import mechanisms_of
from stress.questions.ablation.worlds import Worlds
from stress.questions.lean import run_lean
from stress.results.answers.ablation.words import MECHANISMS
from stress.results.answers.world import World
from stress.results.dataset.tree import to_lean_tree
from stress.results.statistics import paired
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.triggers.stop_loss import StopLoss
from tiny import make_problem, single

OPTIONS = RunOptions(paths=3000, seed=5)
ROUNDING = 5e-6  # of NAV: another program rounds otherwise
PROBLEM = make_problem(steps=2)


@cache
def worlds() -> Worlds:
    return Worlds(PROBLEM, OPTIONS, lambda _: None, lambda _: None)


def loss(problem: Problem, metric: str = "fund_loss") -> Any:
    tree = to_lean_tree(run_lean(problem, OPTIONS))
    return tree["paths"][metric].transpose("fund", "path").values


def changed(name: str) -> Problem:
    """The scenario as a file without the mechanism would make it."""
    line = np.zeros_like(PROBLEM.funds.procyclicality)
    return {
        "impact": replace(PROBLEM, impact=replace(PROBLEM.impact, law="none")),
        "hikes": replace(PROBLEM, funds=replace(PROBLEM.funds, procyclicality=line, margin_cap=line + 1.0)),
        "evaporation": replace(PROBLEM, liquidity=replace(PROBLEM.liquidity, evaporation=0.0, flow_sensitivity=0.0)),
        "retail": replace(PROBLEM, outside={}),
    }[name]


def test_every_mechanism_of_the_small_problem_is_there() -> None:
    assert mechanisms_of(PROBLEM) == tuple(MECHANISMS)
    assert mechanisms_of(replace(PROBLEM, cascade=replace(PROBLEM.cascade, feedback=False))) == ()
    assert mechanisms_of(single()) == ("calls",)


def test_a_world_without_impact_is_a_scenario_without_it() -> None:
    _is_without("impact")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["evaporation", "hikes", "retail"])
def test_so_are_the_others(name: str) -> None:
    _is_without(name)


def _is_without(name: str) -> None:
    found = worlds().without(frozenset([name])).metrics["fund_loss"][:-1]
    np.testing.assert_allclose(found, loss(changed(name)), atol=ROUNDING)
    assert np.abs(found - worlds().without(frozenset()).metrics["fund_loss"][:-1]).max() > 1e-4


def test_without_crowding_a_fund_is_hurt_by_its_own_sales_alone() -> None:
    alone = worlds().without(frozenset(["crowding", "retail"]))
    funds, kept = PROBLEM.funds, PROBLEM.funds.types.index("multistrat")
    nav = np.where(funds.type_of == kept, 1.0, 1e-9)
    books = replace(PROBLEM.books, size=PROBLEM.books.size * nav[PROBLEM.books.fund_of])
    triggers = dict(PROBLEM.triggers)
    stops: StopLoss = triggers["stop_loss"]
    triggers["stop_loss"] = replace(stops, capital=stops.capital * nav[PROBLEM.books.fund_of])
    small = replace(PROBLEM, funds=replace(funds, nav=funds.nav * nav), books=books, triggers=triggers, outside={})
    row = funds.types_file_order.index("multistrat")
    np.testing.assert_allclose(alone.metrics["fund_loss"][row], loss(small)[row], atol=ROUNDING)
    together = worlds().without(frozenset(["retail"]))
    assert (together.metrics["fund_loss"] - alone.metrics["fund_loss"])[row].mean() > 1e-4
    share = np.array([funds.nav[funds.type_of == funds.types.index(name)].sum() for name in funds.types_file_order])
    expected = (share / share.sum()) @ alone.metrics["fund_loss"][:-1]
    np.testing.assert_allclose(alone.metrics["fund_loss"][-1], expected, rtol=1e-5, atol=1e-7)
    assert np.isnan(alone.metrics["trough"][-1]).all()


def test_without_anything_it_is_the_book_held_still() -> None:
    still = worlds().without(frozenset(MECHANISMS))
    static = loss(PROBLEM, "fund_loss_static")
    np.testing.assert_allclose(still.metrics["fund_loss"][:-1], static, atol=ROUNDING)
    assert not still.metrics["forced_sales_usd"].any()


def test_figures_are_those_of_the_summary() -> None:
    output = run_lean(PROBLEM, OPTIONS)
    summary = to_lean_tree(output)["summary"].to_dataset()
    world: World = worlds().without(frozenset())
    for name in ("var", "es", "trough_var", "trough_es"):
        found = world.figure(name, -1, "0.95").estimate
        for value, suffix in ((found.value, ""), (found.se, "_se")):
            assert value == pytest.approx(float(summary[f"system_{name}{suffix}"].sel(level=0.95)), rel=1e-6)
    for name in ("mean_loss", "called_nav_share", "prob_default", "expected_forced_sales_usd"):
        for row, values in ((0, summary[name][0]), (-1, summary[f"system_{name}"])):
            assert world.figure(name, row, None).estimate.value == pytest.approx(float(values), rel=1e-6)
        error = world.figure(name, 0, None).estimate.se
        assert error == pytest.approx(float(summary[f"{name}_se"][0]), rel=1e-6)


def test_errors_of_differences_are_those_between_seeds() -> None:
    found = []
    for seed in range(12):
        some = Worlds(PROBLEM, replace(OPTIONS, seed=seed, paths=2048), lambda _: None, lambda _: None)
        a, b = (some.without(frozenset(names)).figure("es", -1, "0.95") for names in (["impact"], []))
        assert a.influence is not None
        assert b.influence is not None
        error = paired.error_of_difference(a.influence, b.influence, 2048, 2048)
        found.append((b.estimate.value - a.estimate.value, error, np.hypot(a.estimate.se, b.estimate.se)))
    differences, errors, apart = np.array(found).T
    spread = differences.std(ddof=1)
    assert 0.45 < spread / errors.mean() < 1.7  # of 12 seeds
    assert errors.mean() < 0.5 * apart.mean()


def test_runs_are_counted_before() -> None:
    began: list[int] = []
    few = Worlds(PROBLEM, replace(OPTIONS, paths=64), lambda _: None, began.append)
    chosen = ("crowding", "impact")
    alone, stages = worlds_of(chosen)
    for missing in [*alone.values(), *stages.values()]:
        few.without(missing)
    assert len(began) == runs_of(PROBLEM, chosen) == len(PROBLEM.funds.types) + 2


@pytest.mark.parametrize("names", [["gravity"], ["hikes", "crowding"], []])
def test_what_is_not_there_cannot_be_taken_out(names: list[str]) -> None:
    with pytest.raises(ScenarioError, match="allowed: calls"):
        chosen_mechanisms(single(), names)
