"""The scenarios that ship keep to published ranges: haircuts, sizes, leverage, crowding, brokers."""

import numpy as np
import pytest

from library_scenarios import INDUSTRY, MARKETS, by_member, problem_of, requirement, start_positions
from stress.scenarios.start import start_table

# Published ranges of haircuts on shares, by the kind of account.
DIVERSIFIED = (0.10, 0.15)  # large-cap long-short, of gross
HEDGED = (0.05, 0.15)  # floor of prime brokers' house models
INDEX_FUTURES = (0.05, 0.10)  # initial margin 5-6 %, 8-10 % in stress
CONCENTRATED = (0.20, 0.30)  # single stocks of many days of volume
MAINTENANCE = (0.25, 0.40)  # FINRA 4210: 25 % long, 30 % short; house rules 30-40 %
EQUITY_RANGE = {
    "fundamental_ls": MAINTENANCE,
    "tmt_ls": MAINTENANCE,
    "asia_ls": MAINTENANCE,
    "multi_strat": DIVERSIFIED,
    "credit": DIVERSIFIED,
    "quant_emn": HEDGED,
    "macro": INDEX_FUTURES,
    "trend": INDEX_FUTURES,
    "family_office": CONCENTRATED,
    "long_short": CONCENTRATED,
    "technology": CONCENTRATED,
    "global_equity": CONCENTRATED,
    "multi_strategy": DIVERSIFIED,
    "market_neutral": HEDGED,
}
ASSET_RANGE = {
    "hy_credit": (0.08, 0.15),  # corporate 10-15 %, tri-party repo 8 %
    "ust_long": (0.01, 0.03),  # futures 1-3 %, tri-party repo 2 %
    "ust_rv": (0.0, 0.02),  # bilateral repo
    "gold": (0.06, 0.09),
    "wti": (0.08, 0.12),
    "usdjpy": (0.02, 0.05),  # judgement: no published range
    "bitcoin": (0.35, 0.50),  # judgement: no published range
}
# NAV in billions, gross and net of the fund types.
TYPES = {
    "fundamental_ls": (650, 2.00, 0.50),
    "tmt_ls": (180, 2.10, 0.50),
    "multi_strat": (430, 4.44, 0.06),
    "quant_emn": (220, 6.45, 0.00),
    "macro": (650, 2.23, 0.18),
    "credit": (300, 1.51, 0.29),
    "trend": (340, 1.60, 1.00),
    "asia_ls": (180, 1.70, 0.60),
    "treasury_rv": (40, 20.0, 0.00),
    "family_office": (60, 2.50, 2.10),
    "leveraged_etf": (76, 3.00, 3.00),
}
# At the leverage of November 2025, in `ai-unwind-2026`.
LATER = {
    "multi_strat": (430, 4.443, 0.06),
    "quant_emn": (220, 6.453, 0.00),
    "macro": (650, 2.511, 0.21),
    "credit": (300, 1.70, 0.33),
    "trend": (340, 1.801, 1.13),
    "asia_ls": (180, 1.914, 0.61),
}
TIERS = {"leveraged_etf": ([1.0], [1.0])}  # others: shares of NAV and multiples of gross of four tiers
FOUR_TIERS = ([0.05, 0.20, 0.30, 0.45], [0.72, 1.0, 1.28, 1.56])


@pytest.mark.parametrize("name", MARKETS)
def test_haircuts_lie_in_published_ranges(name: str) -> None:
    problem = problem_of(name)
    held = np.zeros((len(problem.funds.types), len(problem.assets.ids)), bool)
    for book, fund in enumerate(problem.books.fund_of):
        held[problem.funds.type_of[fund]] |= problem.books.shapes[problem.books.shape_of[book]] != 0
    assert held.any(axis=1).all()
    on_margin = np.isin(np.arange(len(held)), problem.funds.type_of[problem.funds.has_margin])
    for kind, asset in np.argwhere(held & on_margin[:, None]):
        fund_type, asset_id = problem.funds.types[kind], problem.assets.ids[asset]
        equity = problem.assets.asset_class[asset] == "equity"
        low, high = EQUITY_RANGE[fund_type] if equity else ASSET_RANGE[asset_id]
        rate = problem.funds.rates[list(problem.funds.type_of).index(kind), asset]
        assert low - 1e-12 <= rate <= high + 1e-12, f"{fund_type} pays {rate} on {asset_id}, published {low}-{high}"


@pytest.mark.parametrize("name", MARKETS)
def test_enough_funds_and_brokers_and_shares_add_up(name: str) -> None:
    funds = problem_of(name).funds
    assert len(funds.types) >= 8
    assert len(funds.brokers) >= 3
    shares = funds.broker_share[funds.has_margin]
    assert {funds.types[t] for t in funds.type_of[~funds.has_margin]} <= {"leveraged_etf"}
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=0, atol=1e-12)
    assert np.count_nonzero(shares) == shares.size


@pytest.mark.parametrize("name", MARKETS)
def test_nobody_starts_in_a_call(name: str) -> None:
    problem = problem_of(name)
    ratio = requirement(problem) / problem.funds.nav
    assert ratio.max() < (0.99 if name == "ai-unwind-2026" else 0.95)  # Asia's most levered twentieth in November 2025
    assert ratio[problem.funds.has_margin].min() > 0.05
    table = start_table(problem)
    ratio_of = dict(zip(problem.funds.ids, ratio, strict=True))
    np.testing.assert_allclose(table.requirement, [ratio_of[member] for member in table.members], rtol=1e-12)
    assert np.all(table.adverse_move > 0)


@pytest.mark.parametrize("name", INDUSTRY)
def test_types_have_the_stated_size_and_leverage(name: str) -> None:
    problem = problem_of(name)
    positions = start_positions(problem)
    gross = by_member(problem, np.abs(positions).sum(axis=1))
    net = by_member(problem, (positions * problem.assets.in_net).sum(axis=1))
    later = LATER if name == "ai-unwind-2026" else {}
    stated = TYPES | later
    assert set(problem.funds.types) == set(stated)
    for kind, fund_type in enumerate(problem.funds.types):
        members = problem.funds.type_of == kind
        nav = problem.funds.nav[members]
        stated_nav, stated_gross, stated_net = stated[fund_type]
        np.testing.assert_allclose(nav.sum(), stated_nav * 1e9, rtol=1e-12)
        shares, multiples = TIERS.get(fund_type, FOUR_TIERS)
        np.testing.assert_allclose(np.sort(nav) / nav.sum(), shares, rtol=1e-12)
        np.testing.assert_allclose(gross[members].sum() / nav.sum(), stated_gross, rtol=1e-9)
        np.testing.assert_allclose(
            net[members].sum() / nav.sum(), stated_net, rtol=1e-9, atol=0.005 if fund_type in later else 1e-9
        )
        np.testing.assert_allclose(np.sort(gross[members] / nav), stated_gross * np.array(multiples))


def test_total_crowding_is_the_industry_frame() -> None:
    """8.7 trillion USD gross on 3.05 trillion of NAV; days of volume held by all funds."""
    problem = problem_of("calm")
    hedge_fund = problem.funds.has_margin  # the leveraged ETFs are no hedge funds
    held = np.abs(start_positions(problem))[hedge_fund[problem.books.fund_of]].sum(axis=0)
    assert held.sum() == pytest.approx(8.709e12, rel=1e-3)
    assert problem.funds.nav[hedge_fund].sum() == pytest.approx(3.05e12)
    days = dict(zip(problem.assets.ids, held / problem.assets.adv, strict=True))
    stated = {"most_shorted": 7.1, "japan": 7.0, "hong_kong": 7.3, "small_caps": 9.3, "hy_credit": 23, "semis": 3.6}
    for asset, value in stated.items():
        assert days[asset] == pytest.approx(value, rel=0.02), asset
