"""Random problems with every mechanism at random settings, for comparing two implementations of the model."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from flat import limits_of, overridden, retail_of
from stress.reference.state import State
from stress.scenarios.problem import Impact, Problem
from tiny import BN, make_problem
from twin_alone import ALONE as ALONE  # one problem for each mechanism alone
from twin_books import with_overlay

Array = npt.NDArray[Any]
INF = np.inf
MECHANISMS = ("lines", "hikes", "portfolio", "priority", "leverage_target", "vol_target", "overlay")


def random_problem(seed: int, only: Collection[str] | None = None) -> Problem:
    """A problem in which no fund starts in a call or outside its own limits; the same for the same seed anywhere.

    Args:
        seed: of every choice.
        only: those of `MECHANISMS` that are on; None: each by chance, and now and then none.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.random(len(MECHANISMS)) < (0.0 if rng.random() < 0.2 else 0.55)
    on = {name: bool(chance) if only is None else name in only for name, chance in zip(MECHANISMS, chosen, strict=True)}
    base = make_problem()
    members, assets = len(base.funds.ids), len(base.assets.ids)
    owner, shape_of, type_of = base.books.fund_of, base.books.shape_of, base.funds.type_of

    def either(*choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    steps, steps_per_day = int(rng.integers(3, 11)), either(1, 1, 2, 4)
    nav = base.funds.nav * np.exp(rng.normal(0.0, 0.5, members))
    script = np.where(rng.random((steps, assets)) < 0.15, rng.uniform(-0.12, 0.05, (steps, assets)), 0.0)
    shapes = rng.normal(0.0, 1.0, base.books.shapes.shape) * (rng.random(base.books.shapes.shape) < 0.8)
    shapes[0] = np.abs(shapes[0])
    shapes[:, 0] += 0.1  # no shape is empty
    shapes /= np.abs(shapes).sum(axis=1, keepdims=True)
    share = limits_of(base).capital / base.funds.nav[owner]
    on_fund = rng.random(len(owner)) < 0.3
    terms = margin_terms(rng, on, base)
    unit = make_problem(funds=terms | {"nav": nav}, books={"size": share * nav[owner], "shapes": shapes})
    usage = rng.uniform(0.5, 0.98, members)  # requirement over equity at the start
    leverage = np.minimum(usage * nav / State(unit).requirement(unit.books.start_held), 12.0)
    # a type has margin terms or has not
    limits = {"has_margin": (rng.random(len(base.funds.types)) < 0.9)[type_of]}
    limits["max_leverage"] = np.where(
        rng.random(members) < 0.4, leverage * rng.uniform(1.05, 1.6, members), np.full(members, INF)
    )
    retail_weights = rng.random(assets) * np.array([0.0, 1.0, 1.0, 1.0, 1.0])
    problem = make_problem(
        steps=steps,
        steps_per_day=steps_per_day,
        shocks={"script": script},
        funds={
            "nav": nav,
            "buffer": rng.uniform(0.01, 0.2, members),
            "grace_steps": rng.integers(0, 3, members),
            "lockup_steps": rng.integers(0, 4, members),
            "target_leverage": leverage * rng.uniform(0.7, 1.0, members),
            "cure_steps": rng.integers(1, 4, members),
            "closeout_participation": rng.uniform(0.1, 0.5, members),
        }
        | terms
        | limits
        | targets(rng, on, base, leverage),
        books={
            "size": share * (leverage * nav)[owner],
            "shapes": shapes,
            "capital": np.where(on_fund, 1.0, share) * nav[owner],
            "ladder_on_fund": on_fund,
            "priority": on["priority"] * rng.permutation(len(shapes))[shape_of],
        }
        | ladders(rng, len(owner))
        | volatility_targets(rng, on, base, shapes),
        impact={
            "permanent": either(0.0, 1.0 / 3.0, 1.0),
            "half_life": either(0.5, 5.0, INF),
            "execution_weight": either(0.0, 0.2, 0.5, 0.85, 1.0),
        }
        | impact_laws(rng, base)[(0, 1, 2, 3, 0, 1, 0, 2, 3, 4)[seed % 10]],
        liquidity={
            "evaporation": either(0.0, 0.6, 1.2),
            "flow_sensitivity": either(0.0, 0.5),
            "floor": rng.uniform(0.05, 0.3),
        },
        retail={
            "per_percent": either(0.0, 0.5 * BN),
            "cap": either(1.0 * BN, INF),
            "fatigue": rng.uniform(0.0, 0.5),
            "budget": either(2.0 * BN, INF),
            "weights": retail_weights / retail_weights.sum(),
        },
        cascade={
            "max_rounds": either(3, 64, 64),
            "tolerance": either(None, None, 1e-6),
            "max_participation": either(INF, rng.uniform(0.02, 0.3), rng.uniform(0.3, 1.5)),
        },
    )
    hedged = (rng.random(len(base.funds.types)) < 0.6) & on["overlay"]
    hedged[int(rng.integers(len(hedged)))] |= on["overlay"]
    for kind in np.flatnonzero(hedged):
        problem = hedge(rng, problem, int(kind), on["priority"])
    return problem


def margin_terms(rng: np.random.Generator, on: dict[str, bool], base: Problem) -> dict[str, Array]:
    """Rates, lines, hikes and worst cases, without the switch of margin as such."""
    members, lines = base.funds.line_share.shape
    assets = len(base.assets.ids)
    broker = rng.random(members)
    financed = np.append(rng.integers(2), np.ones(members - 1))  # the first fund may have no broker
    share = financed[:, None] * np.stack([broker, 1.0 - broker], axis=1)
    each, alike = rng.integers(2, size=(members, lines)), np.repeat(rng.integers(2, size=(members, 1)), lines, axis=1)
    of = each if on["lines"] else alike  # two sets of terms: every further one takes the compiler longer
    factor, drawn, cap = rng.uniform(0.3, 1.5, 2)[of], rng.uniform(0.0, 1.2, 2)[of], rng.uniform(1.0, 3.0, 2)[of]
    gamma = np.where(drawn < 0.5, 0.0, drawn)  # base rates throughout, beside lines whose rates follow volatility
    level, size, ever = rng.uniform(1.02, 1.6, 2)[of], rng.uniform(0.1, 0.8, 2)[of], of < rng.integers(1, 3)
    by_cases = (rng.random(len(base.funds.types)) < 0.5)[base.funds.type_of] & on["portfolio"]
    cases = rng.uniform(-0.3, 0.3, (members, 4, assets)) * (rng.random((members, 4, 1)) < 0.8)
    cases[:, 0], cases[:, 1] = -0.15, 0.15
    cases = cases[np.searchsorted(base.funds.type_of, base.funds.type_of)]  # members of a type share them
    rates = rng.uniform(0.05, 0.35, (members, assets)) * rng.choice([1.0, 1.0, 5.0], (members, assets))
    return {
        "rates": rates if on["lines"] else rates[np.searchsorted(base.funds.type_of, base.funds.type_of)],
        "broker_share": share,
        "line_share": np.column_stack([share, 1.0 - financed]),
        "rate_factor": factor if on["lines"] else np.ones_like(factor),
        "procyclicality": gamma,
        "margin_cap": cap,
        "hike_level": np.where(ever & on["hikes"], level, INF),
        "hike_size": size * on["hikes"],
        "portfolio": by_cases,
        "portfolio_moves": np.where(by_cases[:, None, None], cases, 0.0)[:, : 4 * on["portfolio"]],
        "portfolio_floor": rng.uniform(0.01, 0.08, members) * by_cases,
    }


def targets(rng: np.random.Generator, on: dict[str, bool], base: Problem, leverage: Array) -> dict[str, Array]:
    """Leverage targets; every member starts within its band."""
    kinds, kind = len(base.funds.types), base.funds.type_of
    band = rng.choice([0.0, 0.02, 0.05, 0.2], kinds)[kind]
    start = 1.0 + band * rng.uniform(-0.9, 0.9, len(leverage))  # gross over equity and target
    has = (rng.random(kinds) < 0.7)[kind] & on["leverage_target"]
    return {
        "leverage_target": np.where(has, leverage / start, INF),
        "leverage_band": band,
        "two_way": (rng.random(kinds) < 0.6)[kind] & has,
    }


def ladders(rng: np.random.Generator, books: int) -> dict[str, Array]:
    has = (rng.random(books) < 0.4)[:, None]
    first, low = rng.uniform(0.02, 0.08, books), rng.uniform(0.0, 0.5, books) * (rng.random(books) < 0.7)
    drawdown = np.stack([first, first + rng.uniform(0.02, 0.1, books)], axis=1)
    cut = np.stack([low, np.minimum(1.0, low + rng.uniform(0.2, 0.6, books))], axis=1)
    return {"ladder_drawdown": np.where(has, drawdown, INF), "ladder_cut": np.where(has, cut, 0.0)}


def volatility_targets(rng: np.random.Generator, on: dict[str, bool], base: Problem, shapes: Array) -> dict[str, Array]:
    has = (rng.random(len(shapes)) < 0.6) & on["vol_target"]
    ceiling, speed = rng.uniform(1.0, 1.4, len(shapes)), rng.uniform(0.1, 1.0, len(shapes))
    covariance = np.outer(base.assets.vol, base.assets.vol) * base.shocks.correlation
    start = np.sqrt(np.einsum("si,ij,sj->s", shapes, covariance, shapes))
    of = base.books.shape_of
    return {
        "vol_ceiling": np.where(has, ceiling, INF)[of],
        "vol_speed": speed[of],
        "start_vol": np.where(has, start, 0.0),
    }


def impact_laws(rng: np.random.Generator, base: Problem) -> list[dict[str, Any]]:
    """Every law, of the size of a day's volatility for a day's volume."""
    adv, assets = base.assets.adv, len(base.assets.ids)
    return [
        {"law": "square_root", "coefficient": rng.uniform(0.3, 1.5)},
        {"law": "linear", "slope": rng.uniform(0.3, 2.0, assets) * base.assets.impact_vol / np.sqrt(252.0) / adv},
        {
            "law": "bounded_exponential",
            "depth_coefficient": rng.uniform(0.1, 0.6),
            "depth_days": float(rng.integers(1, 21)),
            "bound": rng.uniform(0.3, 0.7),
        },
        {
            "law": "exponential",
            "beta": rng.uniform(0.5, 1.5),
            "outstanding": adv * rng.uniform(20.0, 100.0, assets),
        },
        {"law": "none"},
    ]


def hedge(rng: np.random.Generator, problem: Problem, kind: int, ranked: bool) -> Problem:
    """An overlay, short over all assets, for every member of the type."""
    weights = -np.abs(rng.normal(0.0, 1.0, len(problem.assets.ids))) - 0.01
    points = int(rng.integers(1, 4))
    loss = np.cumsum(rng.uniform(0.01, 0.06, points))
    held = np.append(np.sort(rng.uniform(0.0, 0.9, points - 1)), 1.0)
    gross, priority = rng.uniform(0.2, 1.5), int(rng.integers(0, 5)) * ranked
    return with_overlay(problem, kind, weights / np.abs(weights).sum(), gross, loss, held, priority)


def scaled(problem: Problem, scale: float) -> Problem:
    """The same problem with every amount of money times `scale`."""
    law, retail, capital = problem.impact, retail_of(problem), limits_of(problem).capital
    return overridden(  # type: ignore[no-any-return]
        problem,
        {
            "assets": {"adv": problem.assets.adv * scale},
            "funds": {"nav": problem.funds.nav * scale},
            "books": {"size": problem.books.size * scale, "capital": capital * scale},
            "retail": {name: getattr(retail, name) * scale for name in ("per_percent", "cap", "budget")},
            "impact": per_usd(law, scale),
        },
    )


def per_usd(law: Impact, scale: float) -> dict[str, Any]:
    """The law's numbers that are per USD or in USD, with money times `scale`."""
    if law.law == "linear":
        return {"slope": law.parameters.slope / scale}
    return {"outstanding": law.parameters.outstanding * scale} if law.law == "exponential" else {}
