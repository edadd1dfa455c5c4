"""The parts of a loss on the detailed paths, against the reference with less of the model on the same draws."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from fuzz import random_problem
from parity import run_both
from stress.engine.runner import execute
from stress.options import RunOptions
from stress.reference.result import price_taker, simulate
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS, SEED = 64, 3
PROBLEMS = {
    "everything": make_problem(steps=5, shocks={"scale": 2.5}),
    "funds alone": make_problem(steps=5, shocks={"scale": 2.5}, outside={}),
    "no impact": make_problem(steps=4, shocks={"scale": 2.5}, impact={"law": "none"}),
    "nobody trades": make_problem(steps=3, cascade={"feedback": False}),
} | {f"random {seed}": random_problem(seed) for seed in (0, 2)}
IN_EVERY_RUN_OF_THE_TESTS = ("everything",)
NAMES = [name if name in IN_EVERY_RUN_OF_THE_TESTS else pytest.param(name, marks=pytest.mark.slow) for name in PROBLEMS]


@cache
def run(name: str) -> SimulationOutput:
    return execute(PROBLEMS[name], RunOptions(paths=PATHS, seed=SEED, precision="float64"))


def by_reference(problem: Problem, draws: Any) -> tuple[Any, Any]:
    """Losses by type, and by step, the system last: (row, path) and (step, row, path)."""
    found, funds = simulate(problem, draws), problem.funds
    loss = 1.0 - found.equity
    weights = np.stack([np.where(funds.type_of == t, funds.nav, 0.0) for t in range(len(funds.types))] + [funds.nav])
    weights = weights / weights.sum(axis=1, keepdims=True)
    by_step = np.einsum("rf,sfp->srp", weights, loss)
    return by_step[-1], by_step


@pytest.mark.parametrize("name", NAMES)
def test_price_taker_and_funds_alone_are_the_reference_with_less_of_the_model(name: str) -> None:
    problem, output = PROBLEMS[name], run(name)
    draws = run_both(problem, PATHS, SEED).draws
    parts, line = output.sample.parts, output.timeline.tables["loss_part"]
    names = list(parts)
    taker, by_step = by_reference(price_taker(problem), draws)
    np.testing.assert_allclose(parts["held_still"] + parts["cutting"], taker, rtol=1e-9, atol=1e-10)
    so_far = line.mean[:, names.index("held_still")] + line.mean[:, names.index("cutting")]
    np.testing.assert_allclose(so_far, by_step.mean(axis=-1), rtol=1e-9, atol=1e-10)
    alone, by_step = by_reference(replace(problem, outside={}), draws)
    np.testing.assert_allclose(taker + parts["selling"], alone, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(
        so_far + line.mean[:, names.index("selling")], by_step.mean(axis=-1), rtol=1e-9, atol=1e-10
    )
    buys = any(table.per_percent > 0 for table in problem.outside.values())
    assert ("dip_buyers" in parts) == (buys and problem.cascade.feedback)
    if name == "everything":
        assert all(np.abs(parts[part]).max() > 1e-4 for part in names)


@pytest.mark.parametrize("name", NAMES)
def test_parts_sum_to_the_loss(name: str) -> None:
    output = run(name)
    parts, line = output.sample.parts, output.timeline
    whole = sum(values for part, values in parts.items() if part != "total")
    np.testing.assert_allclose(whole, output.sample.fund_loss, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(parts["held_still"], output.sample.fund_loss_static)
    table = line.tables["loss_part"]
    np.testing.assert_allclose(table.mean[:, :-1].sum(axis=1), table.mean[:, -1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(table.mean[:, -1], line.means["fund_loss"][0], rtol=0, atol=1e-12)


def test_parts_reconcile_with_the_causes() -> None:
    """P&L held still = outside shock on positions held + forgone; the other parts = forgone - the other causes."""
    tree = to_datatree(run("everything"))["attribution"].to_dataset().isel(slice=0)
    part, cause = tree["loss_part"], tree["contribution"]
    held_still = -part.sel(part="held_still")
    np.testing.assert_allclose(
        held_still, cause.sel(component="outside_shock") + tree["forgone_by_selling"], atol=1e-12
    )
    others = cause.drop_sel(component=["outside_shock", "total"]).sum("component")
    rest = part.sel(part=["cutting", "selling", "dip_buyers"]).sum("part")
    np.testing.assert_allclose(rest, tree["forgone_by_selling"] - others, atol=1e-12)
    nav = to_datatree(run("everything"))["summary"]["system_nav_usd"].item()
    np.testing.assert_allclose(tree["loss_part_usd"].sel(fund="system"), part.sel(fund="system") * nav, rtol=1e-12)
