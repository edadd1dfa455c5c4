"""The scenarios that ship: they load and build, share what they say they share, and are what they describe."""

import re

import numpy as np
import pytest

from checkout import ROOT
from flat import limits_of, retail_of
from library_scenarios import (
    FOLDER,
    INDUSTRY,
    LIBRARY,
    MARKETS,
    REPLAY,
    document,
    problem_of,
    read_csv,
    start_positions,
)
from stress.scenarios.build.requirement import by_fund
from stress.scenarios.library import list_scenarios
from stress.scenarios.problem import Problem
from stress.scenarios.start import start_table


def test_the_library_is_what_is_listed() -> None:
    entries = {entry.name: entry for entry in list_scenarios()}
    assert set(entries) == set(LIBRARY)
    for name, entry in entries.items():
        assert entry.title == document(name)["title"]
        assert len(entry.description) > 60


@pytest.mark.parametrize("name", LIBRARY)
def test_every_scenario_builds_and_grades_its_sources(name: str) -> None:
    problem = problem_of(name)
    assert problem.name == name
    assert len(problem.sources) >= 2
    assert all(re.match(r"\[[FCR]\] ", source) for source in problem.sources)


def test_the_industry_scenarios_share_their_funds_and_rules() -> None:
    april, unwind, calm = (document(name) for name in INDUSTRY)
    for table in ("assets", "funds", "margin", "triggers", "impact", "liquidity", "retail"):
        assert calm[table] == april[table], table
        if table != "funds":
            assert unwind[table] == april[table], table
    for fund, later in zip(april["funds"], unwind["funds"], strict=True):  # the leverage of another month, nothing else
        for of in (fund, later):
            of.pop("gross", None)
            of.pop("net", None)
            for book in of["books"] if of["id"] == "macro" else []:
                book["positions"].pop("ust_rv", None)  # its total is reported: none of what was added
        assert later == fund


def test_desk_calm_is_the_desk_with_less_leverage() -> None:
    desk, calm = document("desk"), document("desk-calm")
    assert max(fund["gross"] for fund in desk["funds"]) == 10.79
    assert min(fund["gross"] for fund in desk["funds"]) == 3.32
    for fund, calmer in zip(desk["funds"], calm["funds"], strict=True):
        for key in ("gross", "net"):
            assert calmer.pop(key) == pytest.approx(fund.pop(key) / 1.66, abs=0.005)
        assert fund == calmer
    for key in ("name", "title", "description"):
        del desk[key], calm[key]
    assert desk == calm


def share_of_paths_with_a_call(problem: Problem, paths: int) -> float:
    """Paths on which the book held still falls below its requirement on some day.

    Nothing trades before the first call, so this is also the share of paths with any call of the whole model.
    """
    rng = np.random.default_rng(20250402)
    assets, shocks, funds = problem.assets, problem.shocks, problem.funds
    assert shocks.model == "gaussian"
    assert not shocks.script.any()
    assert retail_of(problem).per_percent == 0
    assert np.all(np.isinf(limits_of(problem).max_leverage))
    root = np.linalg.cholesky(shocks.correlation)
    day = assets.vol / np.sqrt(252.0)
    positions = start_positions(problem)
    exposure = np.zeros((len(funds.ids), len(assets.ids)))
    np.add.at(exposure, problem.books.fund_of, positions)
    price = np.ones((len(assets.ids), paths))
    variance = np.ones_like(price)  # relative to the start
    called = np.zeros(paths, bool)
    charge = np.abs(exposure) * funds.rates
    assert np.ptp(funds.procyclicality) == 0
    for _ in range(problem.steps):
        shock = (shocks.scale * day)[:, None] * (root @ rng.standard_normal(price.shape))
        price *= np.exp(shock)
        multiplier = np.clip(variance ** (funds.procyclicality[0, 0] / 2), 1.0, funds.margin_cap[0, 0])
        equity = funds.nav[:, None] + exposure @ (price - 1.0)
        called |= (equity < charge @ (multiplier * price)).any(axis=0)
        variance = 0.94 * variance + 0.06 * (shock / day[:, None]) ** 2
    return float(called.mean())


def test_desk_has_calls_on_a_third_to_a_half_of_the_paths() -> None:
    assert 0.30 < share_of_paths_with_a_call(problem_of("desk"), 8_000) < 0.50
    assert share_of_paths_with_a_call(problem_of("desk-calm"), 8_000) < 0.005


@pytest.mark.parametrize("name", ["correlation-calm.csv", "correlation-crisis.csv", "desk-correlation.csv"])
def test_correlation_files_are_labelled_and_symmetric(name: str) -> None:
    header, *rows = read_csv(name)
    assert [row[0] for row in rows] == header[1:]
    ids = [row[0] for row in read_csv("desk-assets.csv" if name.startswith("desk") else "assets-2025.csv")[1:]]
    assert header[1:] == ids
    matrix = np.array([[float(value) for value in row[1:]] for row in rows])
    assert np.array_equal(matrix, matrix.T)
    assert np.all(np.diag(matrix) == 1.0)
    assert np.abs(matrix).max() == 1.0
    assert np.linalg.eigvalsh(matrix)[0] > -0.01


@pytest.mark.parametrize("name", MARKETS)
def test_correlations_used_are_valid_and_barely_repaired(name: str) -> None:
    shocks = problem_of(name).shocks
    np.testing.assert_allclose(np.diag(shocks.correlation), 1.0, rtol=0, atol=1e-12)
    assert np.linalg.eigvalsh(shocks.correlation)[0] > -1e-9
    assert shocks.repair_distance < 0.02


def test_the_stock_pair_keeps_a_spread_of_three_percent_a_year() -> None:
    """Two decimals in the correlation, or a crude repair, would turn the market-neutral book's risk to zero."""
    problem = problem_of("calm")
    legs = [problem.assets.ids.index(leg) for leg in ("stock_longs", "stock_shorts")]
    vol = problem.assets.vol[legs]
    rho = problem.shocks.correlation[legs[0], legs[1]]
    spread = np.sqrt(vol[0] ** 2 + vol[1] ** 2 - 2 * rho * vol[0] * vol[1])
    assert spread == pytest.approx(0.028, abs=0.003)


def test_the_desk_uses_the_first_twenty_assets() -> None:
    large = [dict(zip(read_csv("assets-2025.csv")[0], row, strict=True)) for row in read_csv("assets-2025.csv")[1:21]]
    header, *rows = read_csv("desk-assets.csv")
    assert len(rows) == 20
    for row, asset in zip(rows, large, strict=True):
        small = dict(zip(header, row, strict=True))
        for key in ("id", "asset_class", "region", "vol", "adv"):
            assert small[key] == asset[key]
    labels, *calm = read_csv("correlation-calm.csv")
    assert read_csv("desk-correlation.csv") == [labels[:21], *(row[:21] for row in calm[:20])]


def test_observed_moves_of_april_2025() -> None:
    header, *rows = read_csv("tariff-2025-observed.csv")
    assert header == ["asset", "2025-04-03", "2025-04-04", "2025-04-07", "2025-04-08", "2025-04-09"]
    problem = problem_of("tariff-2025")
    assert tuple(row[0] for row in rows) == problem.assets.file_order
    observed = {row[0]: np.array([float(value) for value in row[1:]]) for row in rows}
    # Compound falls from 2 to 8 April as published for the sectors.
    published = {"small_caps": -0.1374, "tech": -0.1422, "energy": -0.1879, "staples": -0.0638, "gold": -0.045}
    for asset, fall in published.items():
        assert np.prod(1 + observed[asset][:4]) - 1 == pytest.approx(fall, abs=2e-4), asset
    # The script is the observed move less the model's own impact: near it, and not the same. What it closes on is for
    # test_observed.
    script = dict(zip(problem.assets.ids, problem.shocks.script.T, strict=True))
    gaps = np.array([script[asset] - observed[asset] for asset in observed])
    assert 0.005 < np.abs(gaps).max() < 0.03
    assert np.abs(gaps).mean() < 0.005


def test_the_replay_is_one_observed_day_and_one_fund_without_rules() -> None:
    problem, april = problem_of(REPLAY), problem_of("tariff-2025")
    assert (problem.steps, problem.shocks.model, problem.impact.law) == (1, "none", "none")
    assert not problem.funds.has_margin.any()
    assert np.all(np.isinf(limits_of(problem).max_leverage))
    assert np.all(np.isinf(limits_of(problem).ladder_drawdown))
    assert retail_of(problem).per_percent == 0
    script = dict(zip(problem.assets.ids, problem.shocks.script[0], strict=True))
    observed = {row[0]: float(row[1]) for row in read_csv("tariff-2025-observed.csv")[1:]}
    assert script == pytest.approx(observed, abs=1e-12)
    # The same positions as those of the average tier of the fund type in tariff-2025.
    second_tier = april.funds.ids.index("fundamental_ls_t2")
    managers = by_fund(start_positions(april), april.books.manager_of, april.books.managers)
    chosen = np.unique(april.books.manager_of[(april.books.fund_of == second_tier) & ~limits_of(april).overlay])
    held = managers[chosen] / april.funds.nav[second_tier]
    np.testing.assert_allclose(start_positions(problem) / problem.funds.nav, held, rtol=1e-9, atol=1e-15)
    table = start_table(problem)
    assert table.gross == pytest.approx(2.0)
    assert table.net == pytest.approx(0.5)


def test_the_ai_shock_adds_up() -> None:
    problem = problem_of("ai-unwind-2026")
    total = dict(zip(problem.assets.ids, np.prod(1 + problem.shocks.script, axis=0) - 1, strict=True))
    for asset, move in {"semis": -0.148, "ai_infra": -0.221, "vip_longs": -0.082, "mom_winners": -0.091}.items():
        assert total[asset] == pytest.approx(move, abs=6e-4), asset
    assert problem.steps == 20
    assert not problem.shocks.script[3:].any()


def test_files_name_nothing_of_the_machine_that_wrote_them() -> None:
    files = sorted(path for path in FOLDER.iterdir() if path.suffix in {".toml", ".csv"})
    assert len(files) >= 10
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?<![\w.%])~?/\w+/|[A-Za-z]:\\|://", text), path.name
        assert "\t" not in text
        assert "\r" not in text
        assert text.endswith("\n")


def test_every_scenario_is_documented() -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    for name in LIBRARY:
        assert f"`{name}`" in page
