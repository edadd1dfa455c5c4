"""`max_participation` is a limit, asset by asset, and a thin name holds up its own tier alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from capped_rounds import capped_steps
from scenario_example import problem_of
from stress.scenarios.problem import Problem
from tiered import tiered
from tiny import BN, make_problem
from twin_books import with_overlay

CLASSES = np.array([2, 0, 1, 0, 1])
PATHS = 16


def random_capped(seed: int) -> Problem:
    """Every mechanism on, an overlay and a two-way target among them, in three tiers; numbers at random.

    The same structure for every seed, so that one program serves all.
    """
    rng = np.random.default_rng(seed)
    base = make_problem(
        steps=5,
        funds={"leverage_target": [np.inf, np.inf, np.inf, np.inf, 4.6], "leverage_band": 0.02, "two_way": True},
        books={"vol_ceiling": [np.inf, 1.1, np.inf, np.inf, np.inf, np.inf, 1.05], "start_vol": 0.1},
    )
    adv = base.assets.adv * np.exp(rng.normal(0.0, 1.5, 5))
    terms: dict[str, Any] = {
        "assets": {"adv": adv},
        "steps_per_day": int(rng.choice([1, 1, 4])),
        "shocks": {"scale": rng.uniform(1.0, 5.0), "script": rng.uniform(-0.1, 0.05, (5, 5))},
        "funds": {"grace_steps": rng.integers(0, 2, 5), "cure_steps": rng.integers(1, 4, 5)},
        "books": {"size": base.books.size * np.exp(rng.normal(0.0, 0.2, 7))},
        "liquidity": {"evaporation": rng.uniform(0.0, 1.5), "floor": rng.uniform(0.05, 0.3)},
        "retail": {"per_percent": rng.uniform(0.0, 1.0) * BN},
        "cascade": {"max_participation": float(rng.choice([rng.uniform(0.01, 0.1), rng.uniform(0.1, 1.0)]))},
    }
    problem = make_problem(steps=5, **terms)
    problem = replace(problem, triggers=base.triggers)
    return tiered(with_overlay(problem, 1, [-0.2, -0.2, -0.2, -0.2, -0.2], 0.8, [0.01, 0.05], [0.2, 1.0]), CLASSES)


def test_no_asset_trades_more_than_its_allowance_and_one_in_each_cut_tier_all_of_it() -> None:
    cut_tiers = whole_tiers = 0
    for seed in range(200):
        problem = random_capped(seed)
        found = capped_steps(problem, PATHS, seed)
        share = problem.cascade.max_participation / problem.steps_per_day
        allowance = share * found.depth
        assert (found.counted <= allowance).all()
        np.testing.assert_allclose(found.gross, found.counted, rtol=1e-9, atol=1e-12)
        used = found.gross / allowance
        assert used.max() <= 1.0 + 1e-9  # a difference of two holdings is rounded
        for tier in range(3):
            cut = found.cut[:, problem.books.tier == tier].any(axis=1)
            tightest = used[:, tier == CLASSES].max(axis=1)
            assert (tightest[cut] >= 1.0 - 1e-6).all()
            cut_tiers += int(cut.sum())
            whole_tiers += int((~cut & (tightest > 0)).sum())
    assert min(cut_tiers, whole_tiers) > 1000


def a_fund(cap: float | str, *positions: tuple[float, float], fall: float = -0.1, **tables: Any) -> Problem:
    """A fund of 10 bn on haircuts of 20 % with positions (multiple of NAV, ADV in bn) that fall in the first step."""
    ids = [f"a{n}" for n in range(len(positions))]
    asset = {"asset_class": "equity", "vol": 0.3, "margin": 0.2}
    return problem_of(
        {
            "schema": 1,
            "name": "a-fund",
            "horizon": {"steps": 1},
            "assets": [asset | {"id": i, "adv": adv * BN} for i, (_, adv) in zip(ids, positions, strict=True)],
            "shocks": {"model": "none", "script": [{"step": 1, "moves": dict.fromkeys(ids, fall)}]},
            "funds": [
                {
                    "id": "f",
                    "nav": 10 * BN,
                    "positions": {i: weight for i, (weight, _) in zip(ids, positions, strict=True)},
                    "prime_brokers": {"pb": 1.0},
                }
            ],
            "margin": {"buffer": 0.05},
            "triggers": {"max_participation": cap},
        }
        | tables
    )


CALL = 1.0 - 0.6 / (1.05 * 0.72)  # gross 4, a fall of 10 %: equity 0.6, requirement 0.72 of NAV


def test_a_thin_asset_trades_its_cap_and_a_liquid_one_what_the_call_asks() -> None:
    """What waits in the thin tier is not asked of the liquid one in a second round."""
    problem = a_fund(0.25, (3.2, 100.0), (0.8, 0.1))
    found = capped_steps(problem, 1)
    sold = (1.0 - found.held[0, :, 0]) * problem.books.size
    assert sold == pytest.approx([0.25 * 0.1 * BN, CALL * 32 * BN], rel=1e-12)  # the thin tier first
    assert found.cut[0, :, 0].tolist() == [True, False]


def test_thin_positions_leave_the_rest_of_a_book_selling_at_its_own_pace() -> None:
    thin = [(0.2, 0.002 * 2.0**n) for n in range(1, 6)]  # 5 % of the fund each
    problem = a_fund(0.25, *((0.3, 400.0) for _ in range(10)), *thin)
    found = capped_steps(problem, 1)
    books, held = problem.books, found.held[0, :, 0]
    liquid = books.tier == books.tier_of_asset[0]
    assert held[liquid] == pytest.approx(1.0 - CALL, rel=1e-12)
    assert (held[~liquid] > 0.99).all()
    assert found.cut[0, ~liquid, 0].all()


def test_a_fund_whose_liquid_tier_sells_what_is_asked_does_not_sell_at_the_limit() -> None:
    """Its deficit grows while the thin tier waits: a fund at the limit for two steps would default."""
    script = [{"step": n, "moves": {"a0": fall, "a1": fall}} for n, fall in enumerate((-0.1, -0.05, -0.01), 1)]
    tables: dict[str, Any] = {"horizon": {"steps": 3}, "shocks": {"model": "none", "script": script}}
    tables |= {"margin": {"buffer": 0.01}, "triggers": {"max_participation": 0.25, "cure_steps": 2}}
    cut = capped_steps(a_fund(0.25, (3.2, 100.0), (0.8, 0.1), **tables), 1).cut[:, :, 0]
    assert cut.tolist() == [[True, False]] * 3  # close-outs are never cut
