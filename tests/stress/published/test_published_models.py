"""Published models: their printed numbers, and other points against plain Python."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from published_reference import (
    EXACT,
    breuer,
    breuer_share,
    cont_schaanning,
    same,
    solved,
    spiral,
    vulnerable_banks,
)
from stress.published.registry import MODELS


def test_cont_schaanning_as_published() -> None:
    outputs, compared = solved("cont-schaanning")
    assert outputs["rounds"] == 3
    assert outputs["stopped"]
    same(outputs["delta"], [2236.0679775], 1e-9)
    same(outputs["start_leverage"], [49, 20])
    same(np.round(outputs["share_sold"], 2), [[0.39, 0], [0.32, 0], [0.15, 0]])
    same(np.round(outputs["capital"][:2], 2), [[1.44, 3.96], [1.26, 3.70]])
    same(np.round(outputs["holdings_value"][:2], 2), [[54.84, 69.46], [37.42, 69.20]])
    same(outputs["price_path"][:, 0], [0.9922941335, 0.9885042669, 0.9873174688], 1e-10)
    assert len(compared) == 7
    assert all(x.agrees for x in compared)


def test_cont_schaanning_without_a_sale() -> None:
    outputs, compared = solved("cont-schaanning", "shock=[0.05, 0]")
    assert outputs["rounds"] == 0
    assert outputs["price_path"].shape == (0, 1)
    same(outputs["final_price"], [1.0], 0)
    assert compared
    assert all(x.agrees for x in compared)


@pytest.mark.parametrize("seed", range(12))
def test_cont_schaanning_elsewhere(seed: int) -> None:
    draw = random.Random(seed)
    banks, assets, others = draw.randint(1, 6), draw.randint(1, 4), draw.randint(1, 3)
    holdings = [[draw.uniform(0, 40) for _ in range(assets)] for _ in range(banks)]
    other = [[draw.uniform(0, 30) for _ in range(others)] for _ in range(banks)]
    capital = [sum(a) / 25 + sum(b) / 20 for a, b in zip(holdings, other, strict=True)]
    shock = [draw.uniform(0, 0.12) for _ in range(others)]
    floor, volume = [draw.uniform(0, 0.9) for _ in range(assets)], [draw.uniform(1, 60) for _ in range(assets)]
    sigma, weight = [draw.uniform(0.005, 0.05) for _ in range(assets)], draw.choice([0.0, 0.5, 1.0])
    outputs, _ = solved(
        "cont-schaanning",
        f"holdings={holdings}",
        f"other_assets={other}",
        f"capital={capital}",
        f"shock={shock}",
        f"price_floor={floor}",
        f"volume={volume}",
        f"volatility={sigma}",
        f"execution_weight={weight}",
    )
    reference = cont_schaanning(holdings, other, capital, shock, floor, volume, sigma, weight)
    for name in ("rounds", "final_price", "final_capital"):
        same(outputs[name], reference[name])
    if reference["rounds"]:
        same(outputs["price_path"], reference["price_path"])


def test_cont_schaanning_is_tried_where_banks_sell_more_than_once() -> None:
    """The random points above would say little if nobody sold in them."""
    rounds = []
    for limit in (15.0, 20.0, 25.0):
        reference = cont_schaanning(
            [[30.0, 20.0], [10.0, 40.0]], [[10.0], [10.0]], [2.5, 2.4], [0.02], [0.2, 0.5], [2.0, 3.0], [0.03, 0.02],
            0.5, limit=limit, target=0.95 * limit,
        )  # fmt: skip
        outputs, _ = solved(
            "cont-schaanning", "holdings=[[30, 20], [10, 40]]", "other_assets=[10, 10]", "capital=[2.5, 2.4]",
            "shock=[0.02]", "price_floor=[0.2, 0.5]", "volume=[2, 3]", "volatility=[0.03, 0.02]",
            f"max_leverage={limit}", f"target_leverage={0.95 * limit}",
        )  # fmt: skip
        assert outputs["rounds"] == reference["rounds"]
        same(outputs["price_path"], reference["price_path"])
        rounds.append(reference["rounds"])
    assert max(rounds) > 2


def test_a_bank_with_nothing_to_sell_makes_no_round() -> None:
    outputs, _ = solved("cont-schaanning", "holdings=[0, 70]", "capital=[0.2, 20]", "shock=[0.01, 0]")
    assert outputs["start_leverage"][0] > 33.3
    assert outputs["rounds"] == 0
    assert outputs["stopped"]


def test_too_few_rounds_are_reported() -> None:
    outputs, _ = solved("cont-schaanning", "max_rounds=2")
    assert outputs["rounds"] == 2
    assert not outputs["stopped"]
    assert MODELS["cont-schaanning"].notes(outputs) == ["banks still have to sell: raise max_rounds"]


def test_breuer_has_two_equilibria_and_says_so() -> None:
    outputs, compared = solved("breuer")
    same(outputs["delta_below"], [0.05648008], 5e-9)
    same(outputs["delta_above"], [0.13914022], 5e-9)
    assert outputs["share_sold_below"].tolist() == [1, 0, 0]
    assert outputs["share_sold_above"].tolist() == [1, 1, 1]
    assert outputs["equilibria_differ"]
    assert all(x.agrees for x in compared)
    assert "the two equilibria differ" in MODELS["breuer"].notes(outputs)[0]


@pytest.mark.parametrize("limit", [20, 25, 29, 35, 40, 44, 46.9, 47, 60])
@pytest.mark.parametrize("impact", [2.2e-6, 2.2e-5, 1e-4, 1.5e-3])
def test_breuer_elsewhere(limit: float, impact: float) -> None:
    outputs, _ = solved("breuer", f"leverage_limit={limit}", f"impact={impact}")
    falls = []
    for name, above in (("below", False), ("above", True)):
        fall, shares = breuer([145.0, 435.0, 300.0], [1170.0, 1245.0, 1190.0], [28.0, 80.0, 65.0], limit, impact, above)
        same(outputs[f"delta_{name}"], [fall])
        same(outputs[f"share_sold_{name}"], shares, 1e-7)  # near its limit a bank's sales react strongly to the price
        falls.append(fall)
    assert bool(outputs["equilibria_differ"]) == (falls[1] - falls[0] > 1e-9)
    assert outputs["converged_below"]
    assert outputs["converged_above"]


def test_breuer_finds_partial_sales() -> None:
    """Light loans: selling a part brings the bank back to its limit."""
    given = ("securities=[100, 50]", "loans=[20, 30]", "equity=[4, 8]", "leverage_limit=25", "impact=1e-9")
    outputs, _ = solved("breuer", *given)
    share = float(outputs["share_sold_below"][0])
    assert 0 < share < 1
    assert share == pytest.approx(breuer_share(100, 20, 4, float(outputs["delta_below"][0]), 25), abs=1e-9)
    assert outputs["leverage_below"][0] == pytest.approx(25, abs=1e-7)
    assert outputs["share_sold_below"][1] == 0
    assert not outputs["equilibria_differ"]
    assert MODELS["breuer"].notes(outputs) == ["both starting points lead to the same equilibrium"]


def test_breuer_after_a_shock_to_loans() -> None:
    outputs, _ = solved("breuer", "loan_shock=[0, 0.02, 0]", "leverage_limit=50")
    fall, shares = breuer([145.0, 435.0, 300.0], [1170, 1245 * 0.98, 1190], [28, 80 - 24.9, 65], 50, 2.2e-5, True)
    same(outputs["delta_above"], [fall])
    same(outputs["share_sold_above"], shares)


@pytest.mark.parametrize(("leverage", "price", "equity", "digits"), [
    (3, 0.95, 28.3333, 5e-5), (4, 0.0591782086796, -8.18836565097, EXACT),
])  # fmt: skip
def test_spiral_as_published(leverage: float, price: float, equity: float, digits: float) -> None:
    outputs, compared = solved("liquidity-spiral", f"leverage={leverage}.0")
    assert abs(outputs["final_price"] - price) < EXACT
    assert abs(outputs["final_equity"] - equity) < digits
    assert len(compared) == 2
    assert all(x.agrees for x in compared)


@pytest.mark.parametrize("seed", range(20))
def test_spiral_elsewhere(seed: int) -> None:
    draw = random.Random(seed)
    leverage, shock = draw.uniform(1, 8), draw.uniform(0, 0.3)
    required, liquidity = draw.uniform(0.05, 0.5), math.exp(draw.uniform(-2, 2))
    outputs, _ = solved(
        "liquidity-spiral",
        f"leverage={leverage}",
        f"shock={shock}",
        f"required_equity_ratio={required}",
        f"liquidity={liquidity}",
    )
    price, equity = spiral(leverage, shock, required, liquidity)
    same([outputs["final_price"], outputs["final_equity"]], [price, equity])


def test_spiral_scales_with_its_size() -> None:
    small, large = solved("liquidity-spiral")[0], solved("liquidity-spiral", "assets=1e9")[0]
    assert small["final_price"] == large["final_price"]
    same(large["final_equity"], small["final_equity"] * 1e7)


@pytest.mark.parametrize("seed", range(12))
def test_vulnerable_banks(seed: int) -> None:
    draw = random.Random(seed)
    banks, assets = draw.randint(1, 6), draw.randint(1, 5)
    holdings = [[draw.uniform(0, 100) for _ in range(assets)] for _ in range(banks)]
    equity = [sum(row) * draw.uniform(0.05, 0.5) for row in holdings]
    shock = [draw.uniform(0, 0.03) for _ in range(assets)]
    impact = [draw.uniform(0, 1e-3) for _ in range(assets)]
    given = (f"holdings={holdings}", f"equity={equity}", f"shock={shock}", f"impact={impact}")
    outputs, compared = solved("glt", *given)
    for name, value in vulnerable_banks(holdings, equity, shock, impact).items():
        same(outputs[name], value)
    assert float(outputs["systemicness"].sum()) == pytest.approx(float(outputs["aggregate_vulnerability"]), rel=1e-9)
    assert len(compared) == 5
    assert all(x.agrees for x in compared)


def test_a_bank_sells_at_most_what_it_holds() -> None:
    outputs, compared = solved("glt", "shock_size=4")
    reference = vulnerable_banks(
        [[60, 30, 10], [20, 150, 30], [50, 20, 80]], [5, 8, 10], [0.08, 0.0, 0.04], [5e-4, 1e-3, 2e-4]
    )
    assert outputs["banks_sold_out"] == 1
    same(outputs["sales"], reference["sales"])
    assert outputs["sales"][0] == pytest.approx(100 - 0.08 * 60 - 0.04 * 10)
    assert all(x.agrees for x in compared)


def test_the_matrix_formula_by_hand() -> None:
    """One bank, one asset: assets 100, equity 10, shock 1 % -> loss 1, sells 9, price falls 0.9 %, loses 0.9."""
    outputs, _ = solved("glt", "holdings=[100]", "equity=[10]", "shock=[0.01]", "impact=[0.001]")
    same(outputs["sales"], [9.0])
    same(outputs["aggregate_vulnerability"], 0.09)
    same(outputs["direct_vulnerability"], 0.1)
