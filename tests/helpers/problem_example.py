"""A problem of three funds and two assets, for synthetic results."""

from __future__ import annotations

import numpy as np

from stress.scenarios.impact.square_root import SquareRoot
from stress.scenarios.problem import (
    Assets,
    Cascade,
    Estimation,
    Impact,
    Liquidity,
    Problem,
    Shocks,
    plain_books,
    plain_funds,
)
from stress.scenarios.triggers.close_out import CloseOut

GROUPS = ("alpha", "mid", "zeta")  # id order
FILE_ORDER = ("zeta", "alpha", "mid")
ASSETS = ("bonds", "semis")
ASSETS_FILE_ORDER = ("semis", "bonds")
BROKERS = ("pb_a", "pb_b")
BROKERS_FILE_ORDER = ("pb_b", "pb_a")
NAV = np.array([100e9, 50e9, 250e9])
STEPS = 4


def problem(
    model: str = "student_t", funds: tuple[str, ...] = GROUPS, file_order: tuple[str, ...] = FILE_ORDER
) -> Problem:
    n, a, b = len(funds), len(ASSETS), len(BROKERS)
    each = np.ones(n)
    return Problem(
        name="example",
        title="A synthetic example",
        description="Made by NumPy.",
        sources=("none",),
        steps=STEPS,
        steps_per_day=1,
        assets=Assets(
            ids=ASSETS,
            file_order=ASSETS_FILE_ORDER,
            names=("Government bonds", "Semiconductors"),
            asset_class=("rates", "equity"),
            region=("eu", "us"),
            sector=("", ""),
            in_net=np.ones(a, bool),
            vol=np.array([0.1, 0.4]),
            shock_vol=np.array([0.1, 0.4]),
            impact_vol=np.array([0.1, 0.4]),
            adv=np.array([500e9, 70e9]),
            margin_rate=np.array([0.03, 0.15]),
        ),
        shocks=Shocks(model, 4.0, 1.0, 0.0, False, 1.0, np.eye(a), 0.0, np.zeros((STEPS, a))),
        funds=plain_funds(
            types=funds,
            types_file_order=FILE_ORDER,
            strategy=("long-short", "macro", "trend")[:n],
            region=("asia", "eu", "us")[:n],
            ids=funds,
            type_of=np.arange(n),
            nav=NAV[:n],
            rates=np.full((n, a), 0.15),
            buffer=0.05 * each,
            grace_steps=np.zeros(n, np.int64),
            procyclicality=each,
            margin_cap=2 * each,
            lockup_steps=np.zeros(n, np.int64),
            has_margin=np.ones(n, bool),
            brokers=BROKERS,
            brokers_file_order=BROKERS_FILE_ORDER,
            broker_share=np.full((n, b), 0.5),
        ),
        books=plain_books(
            ids=tuple(f"{fund}/main" for fund in funds),
            fund_of=np.arange(n),
            shape_of=np.arange(n),
            size=3 * NAV[:n],
            shapes=np.full((n, a), 0.5),
            type_of_shape=np.arange(n),
        ),
        triggers={"close_out": CloseOut(np.full(n, 3), 0.25 * each)},
        impact=Impact("square_root", 1 / 3, 5.0, 0.5, SquareRoot()),
        liquidity=Liquidity(1.2, 0.0, 0.1),
        outside={},
        cascade=Cascade(64, None, True, np.inf),
        estimation=Estimation(("0.95", "0.99", "0.999"), 2048, "plain"),
        canonical={"schema": 1, "name": "example"},
        input_hashes={"funds.csv": "ab" * 32},
        defaults_filled=("cascade",),
    )
