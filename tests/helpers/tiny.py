"""Small problems built by hand: five assets, five members of four fund types, two brokers, every mechanism on.

`make_problem` takes overrides by part: `make_problem(steps=3, funds={"grace_steps": 1}, impact={"law": "none"})`. A
scalar given for an array fills an array of the default's shape. `single` is one fund with one asset, for sums by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from flat import NAMES, overridden
from stress.scenarios.impact.square_root import SquareRoot
from stress.scenarios.outside.retail import Retail
from stress.scenarios.problem import (
    Assets,
    Books,
    Cascade,
    Estimation,
    Funds,
    Impact,
    Liquidity,
    Problem,
    Shocks,
    plain_books,
    plain_funds,
)
from stress.scenarios.triggers.close_out import CloseOut
from stress.scenarios.triggers.leverage_limit import LeverageLimit
from stress.scenarios.triggers.stop_loss import StopLoss

Array = npt.NDArray[Any]
BN = 1e9
INF = np.inf
ASSETS = ("bonds", "energy", "semis", "staples", "tech")
SHAPES = (
    # (type, signed weights over ASSETS)
    (0, [0.2, 0.2, 0.2, 0.2, 0.2]),  # index: long only
    (1, [0.0, 0.1, 0.35, -0.25, 0.3]),  # long-short
    (2, [0.0, 0.25, 0.25, -0.25, -0.25]),  # multi-strategy, pod one
    (2, [0.4, -0.1, 0.3, -0.2, 0.0]),  # multi-strategy, pod two
    (3, [-0.1, 0.25, 0.2, -0.25, 0.2]),  # quant
)


def _assets() -> Assets:
    vol = np.array([0.08, 0.30, 0.40, 0.14, 0.28])
    return Assets(
        ids=ASSETS,
        file_order=("semis", "tech", "energy", "staples", "bonds"),
        names=("Bonds", "Energy", "Semiconductors", "Staples", "Technology"),
        asset_class=("rates", "equity", "equity", "equity", "equity"),
        region=("us",) * 5,
        sector=("",) * 5,
        in_net=np.array([False, True, True, True, True]),
        vol=vol,
        shock_vol=vol * 1.5,
        impact_vol=vol * 1.1,
        adv=np.array([40.0, 6.0, 12.0, 5.0, 25.0]) * BN,
        margin_rate=np.array([0.03, 0.22, 0.25, 0.15, 0.20]),
    )


def _shocks(steps: int) -> Shocks:
    script = np.zeros((steps, 5))
    script[1] = [0.005, -0.03, -0.07, -0.01, -0.05]
    return Shocks(
        model="student_t",
        dof=4.0,
        scale=1.0,
        drift=0.0,
        martingale=False,
        max_move=1.0,
        correlation=np.full((5, 5), 0.4) + 0.6 * np.eye(5),
        repair_distance=0.0,
        script=script,
    )


def _funds(assets: Assets) -> Funds:
    ids = ("index", "longshort", "multistrat_t1", "multistrat_t2", "quant")
    return plain_funds(
        types=("index", "longshort", "multistrat", "quant"),
        types_file_order=("multistrat", "quant", "longshort", "index"),
        strategy=("long only", "long-short", "multi-strategy", "market neutral"),
        region=("us",) * 4,
        ids=ids,
        type_of=np.array([0, 1, 2, 2, 3]),
        nav=np.array([60.0, 25.0, 12.0, 8.0, 6.0]) * BN,
        rates=np.outer([1.0, 1.4, 1.0, 1.0, 0.9], assets.margin_rate),
        buffer=np.array([0.05, 0.05, 0.10, 0.02, 0.05]),
        grace_steps=np.array([0, 1, 0, 0, 2]),
        procyclicality=np.array([0.0, 0.5, 1.0, 0.5, 0.3]),
        margin_cap=np.array([1.0, 2.0, 1.5, 3.0, 2.0]),
        lockup_steps=np.array([0, 0, 2, 0, 3]),
        has_margin=np.array([True, True, True, True, True]),
        brokers=("pb_a", "pb_b"),
        brokers_file_order=("pb_b", "pb_a"),
        broker_share=np.array([[1.0, 0.0], [0.5, 0.5], [0.3, 0.7], [0.3, 0.7], [0.0, 1.0]]),
    )


def _books(funds: Funds) -> Books:
    ids = (
        "index/0",
        "longshort/0",
        "multistrat_t1/a",
        "multistrat_t1/b",
        "multistrat_t2/a",
        "multistrat_t2/b",
        "quant/0",
    )
    fund_of = np.array([0, 1, 2, 2, 3, 3, 4])
    gross = np.array([1.0, 2.6, 2.2, 1.8, 2.8, 2.4, 4.6])
    return plain_books(
        ids=ids,
        fund_of=fund_of,
        shape_of=np.array([0, 1, 2, 3, 2, 3, 4]),
        size=gross * funds.nav[fund_of],
        shapes=np.array([weights for _, weights in SHAPES]),
        type_of_shape=np.array([kind for kind, _ in SHAPES]),
    )


def _triggers(funds: Funds, books: Books) -> dict[str, Any]:
    drawdown = np.full((7, 2), INF)
    cut = np.zeros((7, 2))
    drawdown[2], cut[2] = [0.04, 0.08], [0.25, 0.75]
    drawdown[3], cut[3] = [0.05, INF], [0.5, 0.5]
    drawdown[4], cut[4] = [0.04, 0.08], [0.0, 1.0]
    drawdown[6], cut[6] = [0.10, 0.20], [0.2, 0.6]
    share = np.array([1.0, 1.0, 0.6, 0.4, 0.5, 0.5, 1.0])
    on_fund = np.array([False, False, False, False, False, False, True])
    return {
        "leverage_limit": LeverageLimit(np.array([INF, 3.2, INF, 7.5, INF]), np.array([1.0, 2.5, 1.0, 6.0, 1.0])),
        "stop_loss": StopLoss(on_fund, drawdown, cut, share * funds.nav[books.fund_of]),
        "close_out": CloseOut(np.array([3, 3, 3, 2, 3]), np.array([0.25, 0.25, 0.25, 0.2, 0.3])),
    }


def make_problem(**overrides: Any) -> Problem:
    """The default problem of the tests with the given parts changed; `steps` also cuts or extends the script."""
    steps = int(overrides.pop("steps", 8))
    assets = overridden(_assets(), overrides.pop("assets", {}))
    changes = overrides.pop("funds", {})
    funds = overridden(_funds(assets), {name: x for name, x in changes.items() if name not in NAMES})
    overrides["funds"] = {name: x for name, x in changes.items() if name in NAMES}
    books = _books(funds)
    shocks = _shocks(max(steps, 2))
    problem = Problem(
        name="tiny",
        title="Five assets, five funds",
        description="A small problem for the tests.",
        sources=(),
        steps=steps,
        steps_per_day=1,
        assets=assets,
        shocks=replace(shocks, script=shocks.script[:steps]),
        funds=funds,
        books=books,
        triggers=_triggers(funds, books),
        impact=Impact("square_root", 1.0 / 3.0, 5.0, 0.5, SquareRoot()),
        liquidity=Liquidity(evaporation=1.2, flow_sensitivity=0.3, floor=0.1),
        outside={"retail": Retail(0.5 * BN, 2.0 * BN, 0.2, 6.0 * BN, np.array([0.0, 0.1, 0.3, 0.1, 0.5]))},
        cascade=Cascade(max_rounds=64, tolerance=None, feedback=True, max_participation=INF),
        estimation=Estimation(("0.95", "0.99"), 1024, "plain"),
        canonical={"name": "tiny"},
        input_hashes={},
        defaults_filled=(),
    )
    return overridden(problem, overrides)  # type: ignore[no-any-return]


def single(**overrides: Any) -> Problem:
    """One fund, one asset, one broker: NAV 1 bn, gross 4 long, rate 20 %; no impact, ladder, retail or evaporation."""
    one = np.ones(1)
    steps = int(overrides.pop("steps", 3))
    problem = Problem(
        name="single",
        title="One fund, one asset",
        description="For sums by hand.",
        sources=(),
        steps=steps,
        steps_per_day=1,
        assets=Assets(
            ("a",),
            ("a",),
            ("A",),
            ("equity",),
            ("us",),
            ("",),
            np.array([True]),
            0.16 * one,
            0.16 * one,
            0.16 * one,
            BN * one,
            0.2 * one,
        ),
        shocks=Shocks("gaussian", INF, 1.0, 0.0, False, 1.0, np.eye(1), 0.0, np.zeros((steps, 1))),
        funds=plain_funds(
            types=("f",),
            types_file_order=("f",),
            strategy=("long",),
            region=("us",),
            ids=("f",),
            type_of=np.array([0]),
            nav=BN * one,
            rates=np.array([[0.2]]),
            buffer=0.05 * one,
            grace_steps=np.array([0]),
            procyclicality=0.0 * one,
            margin_cap=one,
            lockup_steps=np.array([0]),
            has_margin=np.array([True]),
            brokers=("pb",),
            brokers_file_order=("pb",),
            broker_share=np.ones((1, 1)),
        ),
        books=plain_books(
            ids=("f/0",),
            fund_of=np.array([0]),
            shape_of=np.array([0]),
            size=4.0 * BN * one,
            shapes=np.ones((1, 1)),
            type_of_shape=np.array([0]),
        ),
        impact=Impact("none", 1.0 / 3.0, 5.0, 0.5),
        liquidity=Liquidity(evaporation=0.0, flow_sensitivity=0.0, floor=0.1),
        triggers={"close_out": CloseOut(np.array([3]), 0.25 * one)},
        outside={},
        cascade=Cascade(max_rounds=64, tolerance=None, feedback=True, max_participation=INF),
        estimation=Estimation(("0.99",), 1024, "plain"),
        canonical={"name": "single"},
        input_hashes={},
        defaults_filled=(),
    )
    return overridden(problem, overrides)  # type: ignore[no-any-return]


def make_draws(problem: Problem, paths: int, seed: int = 0, scale: float = 1.0) -> Array:
    """Correlated Student-t log returns (step, asset, path) with the problem's volatilities, clipped at `max_move`."""
    rng = np.random.default_rng(seed)
    count = len(problem.assets.ids)
    normal = rng.standard_normal((problem.steps, count, paths))
    chi = rng.chisquare(4.0, (problem.steps, 1, paths)) / 2.0
    factor = np.linalg.cholesky(problem.shocks.correlation)
    step_vol = problem.assets.shock_vol / np.sqrt(252.0 * problem.steps_per_day)
    returns = scale * step_vol[:, None] * np.einsum("ij,sjp->sip", factor, normal) / np.sqrt(chi)
    return np.asarray(np.clip(returns, -problem.shocks.max_move, problem.shocks.max_move))


def falls(*simple_returns: float) -> Array:
    """Draws of one asset on one path (step, 1, 1) that make the given simple returns."""
    returns: Array = np.log1p(np.asarray(simple_returns, dtype=np.float64))
    return returns[:, None, None]
