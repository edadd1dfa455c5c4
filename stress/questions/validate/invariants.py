"""What must hold of the model whatever the scenario (model.md, "Invariants"), on paths of the reference.

The engine is compared with the reference elsewhere; here the rules themselves are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from stress.questions.validate.check import Check, largest
from stress.questions.validate.kernels import Floats
from stress.reference.result import Result, parts, price_taker, simulate
from stress.reference.state import log_change
from stress.scenarios.problem import Problem

CLOSE = 1e-12
LARGER = 8.0  # a power of two: scaling by it rounds nothing


def of_paths(part: str, problem: Problem, result: Result) -> Iterator[Check]:
    """What holds on every path of a result."""
    gross = np.maximum(1.0, result.exposure_gross_usd.sum(axis=2).max(axis=0) / problem.funds.nav[:, None])
    yield Check(
        part, "the attribution sums to the P&L", largest((result.attribution.sum(axis=0) + result.loss) / gross), CLOSE
    )
    total = -result.group_loss[-1] * problem.funds.nav.sum()
    missed = (result.asset_pnl_usd.sum(axis=0) - total) / (gross.max(axis=0) * problem.funds.nav.sum())
    yield Check(part, "the P&L by asset sums to that of the system", largest(np.abs(missed)), CLOSE)
    yield Check(part, "prices that are not positive", float((~(result.price > 0)).sum()), 0)
    yield Check(part, "holdings that grow without a rule, or below 0", _grown(problem, result), 0)
    yield Check(part, "trough below the final loss", largest(result.group_loss - result.group_trough), 0)
    if np.isfinite(problem.cascade.max_participation) and problem.cascade.feedback:
        yield from _cap(part, problem, result)


def _grown(problem: Problem, result: Result) -> float:
    books, target = problem.books, problem.triggers.get("leverage_target")
    may = books.start_held == 0.0
    if target is not None:
        may = may | target.two_way[books.fund_of]
    start = np.repeat(books.start_held[None, :, None], result.k.shape[2], axis=2)
    grew = np.diff(np.concatenate([start, result.k]), axis=0) > 0
    return float(grew[:, ~may].sum() + (result.k < 0).sum())


def _cap(part: str, problem: Problem, result: Result) -> Iterator[Check]:
    books, a_step = problem.books, problem.cascade.max_participation / problem.steps_per_day
    room = a_step * result.depth * problem.assets.adv[:, None]
    used = result.traded_usd / room
    yield Check(part, "flow beyond an asset's allowance", largest(used - 1.0), CLOSE)
    idle = 0
    for tier in np.unique(books.tier):
        cut = result.done[:, books.tier == tier].any(axis=1)
        most = used[:, books.tier_of_asset == tier].max(axis=1, initial=0.0)
        idle += int((cut & (most < 1.0 - 1e-6)).sum())
    yield Check(part, "tiers that were cut while all their assets had room", idle, 0)


def of_model(part: str, problem: Problem, draws: Floats) -> Iterator[Check]:
    """What holds between a problem and another that is derived from it, on the same few draws."""
    result, free = simulate(problem, draws), simulate(price_taker(problem), draws)
    yield Check(part, "a price taker's prices are the news", largest(np.abs(np.log(free.price) - free.news)), CLOSE)
    idle = (free.forced_sales_usd == 0) & (free.built_usd_step.sum(axis=0) == 0)
    gap = np.abs(free.loss - free.loss_static)[idle]
    yield Check(part, "without impact, who never trades has the loss of the book held still", largest(gap), 1e-11)
    four = parts(problem, draws)
    yield Check(
        part,
        "held still, cutting, selling and dip-buying sum to the loss",
        largest(np.abs(sum(four.values()) - result.loss)),
        CLOSE,
    )
    given_back = replace(problem, impact=replace(problem.impact, permanent=0.0))
    back = simulate(given_back, draws)
    loadings, moved = problem.assets.loadings, back.displacement
    moved = moved if loadings is None else loadings.moves(moved, axis=1)
    gap = np.abs(np.log(back.price) - back.news - moved) / np.maximum(1.0, np.abs(moved))
    yield Check(part, "with nothing permanent, log price less news is the displacement", largest(gap), 1e-11)
    yield Check(part, "the impact law is odd", _odd(problem), 1e-13)
    larger = simulate(scaled(problem, LARGER), draws)
    gap = np.abs(larger.loss - result.loss)
    yield Check(part, "eight times all amounts changes no fraction", largest(gap), CLOSE)


def _odd(problem: Problem) -> float:
    """Largest |f(-J) + f(J)| over f; laws given in simple changes are odd in those."""
    depth = np.full(len(problem.assets.ids), 0.7)
    worst = 0.0
    for share in (1e-6, 1e-3, 0.1, 1.0):
        J = share * problem.assets.adv
        up, down = log_change(problem, J, depth), log_change(problem, -J, depth)
        if problem.impact.law in ("linear", "bounded_exponential"):
            up, down = np.expm1(up), np.expm1(down)
        fine = down > -0.95  # a floor is not odd
        worst = max(worst, largest(np.abs(up + down)[fine]))
    return worst


def scaled(problem: Problem, by: float) -> Problem:
    """The problem with every USD amount times `by`."""
    law: Any = problem.impact.parameters
    if problem.impact.law == "linear":
        law = law._replace(slope=law.slope / by)
    if problem.impact.law == "exponential":
        law = law._replace(outstanding=law.outstanding * by)
    outside = dict(problem.outside)
    if "retail" in outside:
        retail = outside["retail"]
        outside["retail"] = replace(
            retail, per_percent=retail.per_percent * by, cap=retail.cap * by, budget=retail.budget * by
        )
    triggers = dict(problem.triggers)
    if "stop_loss" in triggers:
        triggers["stop_loss"] = replace(triggers["stop_loss"], capital=triggers["stop_loss"].capital * by)
    return replace(
        problem,
        assets=replace(problem.assets, adv=problem.assets.adv * by),
        funds=replace(problem.funds, nav=problem.funds.nav * by),
        books=replace(problem.books, size=problem.books.size * by),
        impact=replace(problem.impact, parameters=law),
        outside=outside,
        triggers=triggers,
    )
