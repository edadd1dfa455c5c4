"""Random problems with every mechanism at random settings, for comparing two implementations of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Problem
from tiny import BN, make_problem

Array = npt.NDArray[Any]
INF = np.inf


def random_problem(seed: int) -> Problem:
    """A problem in which no fund starts in a call; the same for the same seed on any machine."""
    rng = np.random.default_rng(seed)
    base = make_problem()
    members, books, assets = len(base.funds.ids), len(base.books.ids), len(base.assets.ids)

    def either(*choices: Any) -> Any:
        return choices[int(rng.integers(len(choices)))]

    steps, steps_per_day = int(rng.integers(3, 11)), either(1, 1, 2, 4)
    nav = base.funds.nav * np.exp(rng.normal(0.0, 0.5, members))
    script = np.where(rng.random((steps, assets)) < 0.15, rng.uniform(-0.12, 0.05, (steps, assets)), 0.0)
    shapes = rng.normal(0.0, 1.0, base.books.shapes.shape) * (rng.random(base.books.shapes.shape) < 0.8)
    shapes[0] = np.abs(shapes[0])
    shapes[:, 0] += 0.1  # no shape is empty
    shapes /= np.abs(shapes).sum(axis=1, keepdims=True)
    rates = rng.uniform(0.05, 0.35, base.funds.rates.shape)
    has_margin = (rng.random(len(base.funds.types)) < 0.9)[base.funds.type_of]  # a type has margin terms or has not
    share = base.books.capital / base.funds.nav[base.books.fund_of]
    usage = rng.uniform(0.5, 0.98, members)  # requirement over equity at the start
    per_gross = share * (
        np.minimum(rates, 1.0)[base.funds.type_of[base.books.fund_of]] * np.abs(shapes[base.books.shape_of])
    ).sum(axis=1)
    unit = np.bincount(base.books.fund_of, per_gross, members)
    leverage = np.minimum(usage / unit, 12.0)
    max_leverage = np.where(rng.random(members) < 0.4, leverage * rng.uniform(1.05, 1.6, members), INF)
    ladder = rng.random(books) < 0.5
    first = rng.uniform(0.02, 0.08, books)
    drawdown = np.where(ladder[:, None], np.stack([first, first + rng.uniform(0.02, 0.1, books)], axis=1), INF)
    low = rng.uniform(0.0, 0.5, books) * (rng.random(books) < 0.7)
    cut = np.where(ladder[:, None], np.stack([low, np.minimum(1.0, low + rng.uniform(0.2, 0.6, books))], axis=1), 0.0)
    on_fund = rng.random(books) < 0.3
    broker = rng.random(members)
    financed = np.append(either(0.0, 1.0), np.ones(members - 1))  # the first fund may have no broker
    retail_weights = rng.random(assets) * np.array([0.0, 1.0, 1.0, 1.0, 1.0])
    return make_problem(
        steps=steps,
        steps_per_day=steps_per_day,
        shocks={"script": script},
        funds={
            "nav": nav,
            "rates": rates,
            "has_margin": has_margin,
            "buffer": rng.uniform(0.01, 0.2, members),
            "grace_steps": rng.integers(0, 3, members),
            "procyclicality": rng.uniform(0.0, 1.2, members),
            "margin_cap": rng.uniform(1.0, 3.0, members),
            "lockup_steps": rng.integers(0, 4, members),
            "max_leverage": max_leverage,
            "target_leverage": leverage * rng.uniform(0.7, 1.0, members),
            "cure_steps": rng.integers(1, 4, members),
            "closeout_participation": rng.uniform(0.1, 0.5, members),
            "broker_share": financed[:, None] * np.stack([broker, 1.0 - broker], axis=1),
        },
        books={
            "size": share * (leverage * nav)[base.books.fund_of],
            "shapes": shapes,
            "capital": np.where(on_fund, 1.0, share) * nav[base.books.fund_of],
            "ladder_on_fund": on_fund,
            "ladder_drawdown": drawdown,
            "ladder_cut": cut,
        },
        impact={
            "law": either("square_root", "square_root", "square_root", "none"),
            "coefficient": rng.uniform(0.3, 1.5),
            "permanent": either(0.0, 1.0 / 3.0, 1.0),
            "half_life": either(0.5, 5.0, INF),
            "execution_weight": either(0.0, 0.5, 1.0),
        },
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
