"""The `street` workload: 100 assets, 60 funds with two books each, 6 brokers, 20 steps, every mechanism on.

The numbers are invented by a fixed recipe, in realistic ranges; the workload is for timing, not for results. Every fund
holds shapes of its own, so nothing is shared between funds: the dearest case.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.build.tiers import under_cap
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

BILLION = 1e9
ASSETS, FUNDS, BOOKS_PER_FUND, BROKERS, STEPS = 100, 60, 2, 6, 20
SECTORS = 10
HELD = 30  # assets in each book
Floats = npt.NDArray[np.float64]


def street_problem(
    assets: int = ASSETS, funds: int = FUNDS, brokers: int = BROKERS, steps: int = STEPS, detail_paths: int = 131_072
) -> Problem:
    """The workload; smaller sizes are for tests."""
    random = np.random.default_rng(2025)
    market = _assets(random, assets)
    desks, limits = _funds(random, market, funds, brokers)
    cascade = Cascade(max_rounds=64, tolerance=None, feedback=True, max_participation=0.25)
    liquidity = Liquidity(evaporation=1.2, flow_sensitivity=0.3, floor=0.1)
    books = under_cap(_books(random, market, desks), market, liquidity, cascade, steps_per_day=1)
    return Problem(
        name="street",
        title="A street of levered funds",
        description="100 assets, 60 funds, 120 books, 20 steps, every mechanism on; invented numbers, for timing.",
        sources=(),
        steps=steps,
        steps_per_day=1,
        assets=market,
        shocks=Shocks(
            "student_t", 4.0, 1.9, 0.0, False, 1.0, _correlation(random, assets), 0.0, np.zeros((steps, assets))
        ),
        funds=desks,
        books=books,
        impact=Impact("square_root", 1.0 / 3.0, 5.0, 0.5, SquareRoot()),
        liquidity=liquidity,
        triggers=_triggers(limits, desks, books),
        outside={"retail": Retail(1.0 * BILLION, 5.0 * BILLION, 0.2, 40.0 * BILLION, market.adv / market.adv.sum())},
        cascade=cascade,
        estimation=Estimation(("0.95", "0.99", "0.999"), detail_paths, "plain"),
        canonical={"name": "street"},
        input_hashes={},
        defaults_filled=(),
    )


def _assets(random: np.random.Generator, count: int) -> Assets:
    ids = tuple(f"asset_{i:03}" for i in range(count))
    vol = random.uniform(0.10, 0.45, count)
    return Assets(
        ids=ids,
        file_order=ids,
        names=ids,
        asset_class=("equity",) * count,
        region=("us",) * count,
        sector=("",) * count,
        in_net=np.ones(count, bool),
        vol=vol,
        shock_vol=vol * 1.3,
        impact_vol=vol,
        adv=BILLION * np.exp(random.uniform(np.log(5.0), np.log(80.0), count)),
        margin_rate=0.05 + 0.3 * vol,
    )


def _correlation(random: np.random.Generator, count: int) -> Floats:
    """One market factor, sector factors, the rest each asset's own."""
    market = random.uniform(0.4, 0.7, count)
    sector = np.zeros((count, SECTORS))
    sector[np.arange(count), np.arange(count) % SECTORS] = random.uniform(0.3, 0.5, count)
    correlation = np.outer(market, market) + sector @ sector.T
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation)


def _funds(random: np.random.Generator, market: Assets, count: int, brokers: int) -> tuple[Funds, Floats]:
    """The funds, and the leverage limit of each."""
    ids = tuple(f"fund_{i:02}" for i in range(count))
    names = tuple(f"pb_{i}" for i in range(brokers))
    share = np.zeros((count, brokers))
    for f in range(count):
        share[f, random.choice(brokers, size=2, replace=False)] = (0.6, 0.4)
    desks = plain_funds(
        types=ids,
        types_file_order=ids,
        strategy=("long-short",) * count,
        region=("us",) * count,
        ids=ids,
        type_of=np.arange(count),
        nav=BILLION * random.uniform(4.0, 20.0, count),
        rates=random.uniform(0.8, 1.2, count)[:, None] * market.margin_rate,
        buffer=np.full(count, 0.10),
        grace_steps=np.arange(count) % 2,
        procyclicality=0.5,
        margin_cap=1.5,
        lockup_steps=np.zeros(count, np.int64),
        has_margin=np.ones(count, bool),
        brokers=names,
        brokers_file_order=names,
        broker_share=share,
    )
    return desks, random.uniform(8.0, 10.0, count)


def _books(random: np.random.Generator, market: Assets, funds: Funds) -> Books:
    """A long-biased and a market-neutral book for each fund; together they need 60 to 85 % of its NAV as margin."""
    count, assets = BOOKS_PER_FUND * len(funds.ids), len(market.ids)
    fund_of = np.repeat(np.arange(len(funds.ids)), BOOKS_PER_FUND)
    held = min(HELD, assets)
    shapes = np.zeros((count, assets))
    for b in range(count):
        longs = 0.7 if b % BOOKS_PER_FUND == 0 else 0.5
        sign = np.where(np.arange(held) < round(longs * held), 1.0, -1.0)
        shapes[b, random.choice(assets, size=held, replace=False)] = sign * random.uniform(0.5, 1.5, held)
    shapes /= np.abs(shapes).sum(axis=1, keepdims=True)
    rate = (np.abs(shapes) * funds.rates[fund_of]).sum(axis=1)
    wanted = random.uniform(0.60, 0.85, len(funds.ids))[fund_of]
    size = wanted / BOOKS_PER_FUND / rate * funds.nav[fund_of]
    return plain_books(
        ids=tuple(f"{funds.ids[f]}/{'ab'[b % BOOKS_PER_FUND]}" for b, f in enumerate(fund_of)),
        fund_of=fund_of,
        shape_of=np.arange(count),
        size=size,
        shapes=shapes,
        type_of_shape=fund_of,
    )


def _triggers(limits: Floats, funds: Funds, books: Books) -> dict[str, Any]:
    """Leverage limits, a ladder for every book on half of its fund's NAV, and close-out."""
    members, count = len(funds.ids), len(books.ids)
    return {
        "leverage_limit": LeverageLimit(limits, np.full(members, 7.0)),
        "stop_loss": StopLoss(
            on_fund=np.zeros(count, bool),
            drawdown=np.tile([0.08, 0.16], (count, 1)),
            cut=np.tile([0.25, 0.75], (count, 1)),
            capital=funds.nav[books.fund_of] / BOOKS_PER_FUND,
        ),
        "close_out": CloseOut(np.full(members, 3), np.full(members, 0.25)),
    }
