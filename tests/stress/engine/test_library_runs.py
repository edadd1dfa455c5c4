"""The library run through the engine: who sells, mean closes, leverage, precision, attribution, the replay."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from typer.testing import CliRunner

import stress
from compilation import compiled_soon
from flat import limits_of, with_limits
from library_runs import BLOCK, DETAIL, PATHS, SEED, collected, group_of, observed_moves, path_metric, without_detail
from library_scenarios import REPLAY, problem_of
from stress.cli import app
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.params import Params
from stress.kernels.path import simulate
from stress.kernels.structure import Structure
from stress.results.dataset.components import component_names
from stress.results.dataset.tree import to_lean_tree
from stress.scenarios.library import library_path, list_names
from stress.scenarios.problem import Problem

# What float32 may change, of a fund's start NAV: a mean loss, and the loss of a path for 99.9 % of paths and funds. On
# the few others a call opens in one precision and not in the other, which moves a loss by up to a percent.
FLOAT32_MEAN, FLOAT32_PATH = 1e-5, 5e-6


# tariff-2025


def test_several_fund_types_are_forced_to_sell_in_april_2025() -> None:
    paths = group_of("tariff-2025", "paths")
    assert paths.sizes["path"] == PATHS
    share = (paths["forced_sales_usd"] > 0).mean("path")
    assert int((share > 0.05).sum()) >= 3, share.to_series().to_dict()
    summary = group_of("tariff-2025", "summary")
    assert int((summary["expected_forced_sales_usd"] > 1e9).sum()) >= 3
    assert float(summary["system_prob_default"]) < 0.01  # no large fund defaulted


def test_the_draw_moves_the_mean_close_of_april_2025_but_little() -> None:
    price = group_of("tariff-2025", "timeline")["price_mean"]
    error = group_of("tariff-2025", "timeline")["price_mean_se"]
    gap = abs(price / (1.0 + observed_moves()).cumprod("step") - 1.0)
    assert float((gap - 5 * error).max()) < 0.002


# ai-unwind-2026: how much it feeds on itself; more leverage, more forced sales


LEVERAGES = (0.75, 1.0, 1.15)


def with_leverage(problem: Problem, factor: float) -> Problem:
    """All positions times a factor, under brokers who grant it: margin rates go down with it, leverage limits up."""
    funds, books, limits = problem.funds, problem.books, limits_of(problem)
    names = ("max_leverage", "target_leverage", "leverage_target")
    problem = with_limits(problem, **{name: getattr(limits, name) * factor for name in names})
    size = np.where(books.start_held == 0, books.size, books.size * factor)  # hedges are stated in NAV
    return replace(problem, funds=replace(funds, rates=funds.rates / factor), books=replace(problem.books, size=size))


def overrides_for(factor: float, rates: bool) -> list[str]:
    """Gross of every fund type as typed, and on request the margin rates that its file gives."""
    document = tomllib.loads(library_path("ai-unwind-2026").read_text(encoding="utf-8"))
    typed = [f"funds.{fund['id']}.gross={fund['gross'] * factor:.12g}" for fund in document["funds"]]
    for fund in document["funds"] if rates else []:
        for asset_class, rate in fund["margin"].get("rates", {}).items():
            value = float(rate.removesuffix("%")) / factor
            typed.append(f"funds.{fund['id']}.margin.rates.{asset_class}={value:.12g} %")
    return typed


def run_as_typed(folder: Path, overrides: list[str]) -> Any:
    sizes = ["--paths", str(PATHS), "--block-size", str(BLOCK)]
    options = [*sizes, "--seed", str(SEED), "--out", str(folder), "--worst", "0", "--json", "--quiet"]
    assignments = [word for override in overrides for word in ("--set", override)]
    return CliRunner().invoke(app, ["run", "ai-unwind-2026", *options, *assignments])


@pytest.mark.slow
def test_losses_of_the_ai_unwind_are_amplified_and_forced_sales_rise_with_leverage_on_the_same_paths() -> None:
    base = problem_of("ai-unwind-2026")
    runs = {x: without_detail(with_leverage(base, x), paths=BLOCK) for x in LEVERAGES}  # each path takes long
    amplification = to_lean_tree(runs[1.0])["summary"]["system_amplification"]
    assert 1.1 < float(amplification.sel(level=0.0)) < 1.35
    sold = [path_metric(runs[x], "forced_sales")[-1] for x in LEVERAGES]
    low, middle, high = (float(paths.mean()) for paths in sold)
    assert 0 < low < middle < high
    assert middle > 1.5 * low  # far more than in proportion
    assert np.mean(sold[0] < sold[1]) > 0.95
    assert np.mean(sold[1] < sold[2]) > 0.95


@pytest.mark.slow
def test_forced_sales_rise_with_leverage_as_a_user_types_it(tmp_path: Path) -> None:
    sold = {1.0: float(group_of("ai-unwind-2026", "summary")["system_expected_forced_sales_usd"])}
    for factor in (0.75, 1.15):
        detail = f"estimation.detail_paths={DETAIL}"
        done = run_as_typed(tmp_path / f"{factor}", [detail, *overrides_for(factor, rates=factor > 1)])
        assert done.exit_code == 0, done.stderr
        printed = json.loads(done.stdout)
        assert printed["paths"] == PATHS
        sold[factor] = printed["system"]["expected_forced_sales_usd"]
    assert sold[0.75] < sold[1.0] < sold[1.15]


def test_leverage_that_no_broker_grants_is_refused(tmp_path: Path) -> None:
    done = run_as_typed(tmp_path / "refused", overrides_for(1.15, rates=False))
    assert done.exit_code == 3
    assert "starts in a margin call" in done.stderr
    assert re.search(r"funds\.\w+\.gross", done.stderr)
    assert not (tmp_path / "refused").exists()


# no feedback, calls, the replay


@pytest.mark.slow
def test_without_feedback_nothing_is_amplified() -> None:
    summary = group_of("tariff-2025", "summary", "cascade.feedback=false")
    for name in ("amplification", "system_amplification"):
        known = summary[name].values[~np.isnan(summary[name].values)]
        assert len(known) > 2
        np.testing.assert_allclose(known, 1.0, rtol=0, atol=1e-6)
    result = collected("tariff-2025", "cascade.feedback=false")
    np.testing.assert_array_equal(path_metric(result, "fund_loss"), path_metric(result, "fund_loss_static"))
    assert not path_metric(result, "forced_sales").any()
    assert not result.counts["margin_call"].any()
    assert np.ptp(path_metric(result, "fund_loss"), axis=1).min() > 0
    with_it = group_of("tariff-2025", "summary")["system_added_loss"].sel(level=0.0)
    assert float(with_it) > 0.005  # what the comparison is about


@pytest.mark.parametrize(("name", "low", "high"), [("desk", 0.30, 0.50), ("desk-calm", 0.0, 0.01)])
def test_share_of_paths_with_a_margin_call(name: str, low: float, high: float) -> None:
    share = float((group_of(name, "paths")["first_call_step"] > 0).any("fund").mean())
    assert low <= share <= high
    assert share == pytest.approx(float(group_of(name, "summary")["system_prob_margin_call"]), abs=1e-12)


def test_a_replay_without_rules_loses_what_its_positions_do() -> None:
    tree = stress.run(REPLAY, paths=1, store="paths")
    paths, summary = (tree.children[name].to_dataset() for name in ("paths", "summary"))
    loss = float(paths["fund_loss"].sel(fund="fundamental_ls").squeeze())
    positions = problem_of(REPLAY).books.size @ problem_of(REPLAY).books.shapes[problem_of(REPLAY).books.shape_of]
    moves = observed_moves().sel(step=1, asset=list(problem_of(REPLAY).assets.ids)).values
    assert loss == pytest.approx(-float(positions @ moves) / 650e9, abs=1e-7)
    assert float(summary["mean_loss_se"].sel(fund="fundamental_ls")) == 0.0  # nothing is uncertain
    assert float(paths["forced_sales_usd"].sum()) == 0.0


# every scenario of the library; those that are run above anyway in every run of the tests

RUN_ABOVE = ("desk", "desk-calm", "tariff-2025")
# Over five days `calm` has the programs of `tariff-2025`: its funds, rules and assets are the same.
OTHERS = [
    *(
        pytest.param(name, ("horizon.steps=5",) if name == "calm" else (), id=name, marks=pytest.mark.slow)
        for name in list_names()
        if name not in ("ai-unwind-2026", *RUN_ABOVE)
    ),
    *(pytest.param(name, (), id=f"{name}, all of it", marks=pytest.mark.slow) for name in ("calm", "ai-unwind-2026")),
]


def losses_in_double(problem: Problem) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Losses (row, path) of the same paths in float64."""
    with jax.enable_x64(True):
        low = jnp.arange(PATHS, dtype=jnp.uint32)
        return np.asarray(program_of(structure_of(problem))(params_of(problem, SEED, "float64"), low))


@cache
def program_of(structure: Structure) -> Callable[[Params, jax.Array], jax.Array]:
    """Losses (row, path): scenarios of one structure share it."""

    @partial(jax.jit, compiler_options=compiled_soon())
    def program(params: Params, low: jax.Array) -> jax.Array:
        return simulate(structure, params, low, jnp.zeros_like(low))[0].fund_loss

    return program


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        pytest.param("desk-calm", (), id="desk-calm"),
        *(pytest.param(name, (), id=name, marks=pytest.mark.slow) for name in ("desk", "tariff-2025")),
        *OTHERS,
    ],
)
def test_single_and_double_precision_agree(name: str, overrides: tuple[str, ...]) -> None:
    single = path_metric(collected(name, *overrides), "fund_loss")
    double = losses_in_double(problem_of(name, *overrides))
    assert double.dtype == np.float64
    difference = np.abs(single - double)
    mean = np.abs(single.mean(axis=1) - double.mean(axis=1))
    print(
        f"{name}: float32 against float64, of NAV: largest {difference.max():.1e}, mean {difference.mean():.1e}, "
        f"99.9 % {np.quantile(difference, 0.999):.1e}, mean loss {mean.max():.1e}"
    )
    assert difference.max() > 0.0
    assert mean.max() < FLOAT32_MEAN
    assert np.quantile(difference, 0.999) < FLOAT32_PATH


@pytest.mark.parametrize(("name", "overrides"), [*(pytest.param(name, (), id=name) for name in RUN_ABOVE), *OTHERS])
def test_attribution_adds_up_to_the_loss_of_every_path(name: str, overrides: tuple[str, ...]) -> None:
    result, problem = collected(name, *overrides), problem_of(name, *overrides)
    gross = np.bincount(problem.books.fund_of, weights=problem.books.size) / problem.funds.nav  # of each member
    of_type = [gross[problem.funds.type_of == kind].max() for kind in range(len(problem.funds.types))]
    allowed = 1e-6 * np.maximum(1.0, [*of_type, gross.max()])
    components = result.sample.attribution
    assert set(components) == set(component_names())
    assert result.sample.residual <= 1e-6
    gap = np.abs(sum(components.values()) + path_metric(result, "fund_loss")[:, :DETAIL]).max(axis=1)
    assert np.all(gap <= allowed), dict(zip((*problem.funds.types, "system"), gap, strict=True))
    somebody_sold = bool(path_metric(result, "forced_sales")[:, :DETAIL].any())
    assert somebody_sold == bool(components["own_impact"].any())
