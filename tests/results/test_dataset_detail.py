"""The dataset's detailed paths: by step, by quantile, by component, and the diagnostics, against plain NumPy."""

import dataclasses
import math

import numpy as np
import pytest
import xarray as xr

from collected_example import GROUPS, NAV, STEPS, collected
from dataset_example import RUN, SYSTEM, TREE
from stress.results.dataset.detail import conditional_mean
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.few_paths import widened
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.levels import order_rank


def test_forced_flow_of_funds_sums_to_that_of_all() -> None:
    line = TREE["timeline"].to_dataset()
    by_fund, whole = line["forced_flow_by_fund_usd"], line["forced_flow_usd"]
    np.testing.assert_allclose(by_fund.drop_sel(fund="system").sum("fund"), whole, rtol=1e-12)
    np.testing.assert_array_equal(by_fund.sel(fund="system"), whole)
    mean, error = RUN.timeline.flow_by_fund
    at = {"step": 2, "fund": "zeta", "asset": "semis"}
    assert by_fund.sel(at).item() == mean[1, 2, 1] != 0
    assert line["forced_flow_by_fund_usd_se"].sel(at).item() == pytest.approx(
        widened(error[1, 2, 1], RUN.timeline.paths)
    )


def test_a_flow_by_fund_that_is_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.results.dataset.detail.LARGEST_TABLE", RUN.timeline.flow_by_fund[0].size - 1)
    line = to_datatree(RUN)["timeline"].to_dataset()
    assert not [name for name in line.data_vars if "by_fund" in str(name)]
    assert "no forced flow by fund" in line.attrs["note"]
    assert "forced_flow_usd" in line


def test_timeline_by_step() -> None:
    line = TREE["timeline"].to_dataset()
    assert line["step"].values.tolist() == list(range(1, STEPS + 1))
    detail = RUN.sample.fund_loss[GROUPS.index("mid")]
    leverage = np.sort(1 + 3 / np.maximum(1 - detail, 1e-3))
    got = line["gross_leverage"].sel(step=STEPS, fund="mid", quantile=0.95).item()
    assert got == pytest.approx(leverage[math.ceil(0.95 * len(leverage)) - 1], rel=2.0**-9)
    loss, static = RUN.timeline.means["fund_loss"], RUN.timeline.means["fund_loss_static"]
    added = line["added_loss_usd"].sel(step=2, fund="zeta").item()
    zeta = GROUPS.index("zeta")
    assert line["added_loss"].sel(step=2, fund="zeta").item() * NAV[zeta] == pytest.approx(added)
    assert added == pytest.approx((loss[0] - static[0])[1, zeta] * NAV[zeta])
    ratio = line["amplification"].sel(step=2, fund="zeta").item()
    assert ratio == pytest.approx(loss[0][1, zeta] / static[0][1, zeta])
    assert line["forced_flow_usd"].sel(asset="semis", step=1).item() == RUN.timeline.means["forced_flow_usd"][0][0, 1]


@pytest.mark.parametrize("paths", [1000, 997])
def test_price_and_depth_are_the_order_statistics_of_numpy(paths: int) -> None:
    rng = np.random.default_rng(4)
    price = np.exp(0.02 * rng.standard_t(4, (STEPS, 2, paths)))
    depth = np.clip(1 - np.abs(rng.normal(0, 0.2, (STEPS, 2, paths))), 0.1, 1)
    depth[:, 1, : paths // 2 + 20] = 1.0
    line = by_step(paths, price_change=price - 1, depth_lost=1 - depth)
    for name, values in (("price", price), ("depth", depth)):
        ordered = np.sort(values, axis=-1)
        for quantile in line["quantile"].values.tolist():
            expected = ordered[..., order_rank(str(quantile), paths) - 1][:, [1, 0]]  # assets in file order
            got = line[name].sel(quantile=quantile).values
            assert np.all(np.abs(got - expected) <= 2.0**-7 * np.abs(1 - expected) + 2.0**-14)
    assert np.all(line["depth"].sel(asset="semis", quantile=[0.5, 0.75, 0.95, 0.99]) == 1)
    assert np.all(line["depth"].sel(asset="semis", quantile=0.05) < 1)


def test_depth_counts_ranks_from_the_other_side() -> None:
    depth = np.tile([0.9, 0.8, 0.6, 0.2], (STEPS, 2, 1))
    line = by_step(4, depth_lost=1 - depth)
    assert np.allclose(line["depth"].sel(quantile=0.25), 0.2, atol=0.01)
    assert np.allclose(line["depth"].sel(quantile=0.5), 0.6, atol=0.01)
    assert np.allclose(line["depth"].sel(quantile=0.75), 0.8, atol=0.01)


def test_quantiles_are_spread_over_their_bin_by_rank() -> None:
    paths = 1000
    inside = 1 + 2.0**-7 * (np.arange(paths) + 0.5) / paths  # all of them in the bin [1, 1 + 2^-7)
    line = by_step(paths, price_change=np.tile(inside, (STEPS, 2, 1)))
    for quantile in line["quantile"].values.tolist():
        expected = 1 + inside[order_rank(str(quantile), paths) - 1]
        assert np.allclose(line["price"].sel(quantile=quantile), expected, rtol=0, atol=1e-9)


def by_step(paths: int, **kept: np.ndarray) -> xr.Dataset:
    """The timeline of a run of `paths` detailed paths whose kept values (step, entity, path) are given."""
    run = collected(paths=paths, detail=paths)
    quantiles = dict(run.timeline.quantiles)
    for name, values in kept.items():
        quantiles[name] = FloatHistogram.empty(values.shape[:-1], mantissa_bits=7, lo_exp=-14, hi_exp=10)
        quantiles[name].add(values)
    timeline = dataclasses.replace(run.timeline, quantiles=quantiles)
    return to_datatree(dataclasses.replace(run, timeline=timeline))["timeline"].to_dataset()


def test_diagnostics_by_step_and_checkpoint() -> None:
    table = TREE["diagnostics"].to_dataset()
    assert table["rounds_used"].dims == ("step",)
    assert np.array_equal(table["rounds_used"], RUN.timeline.rounds)
    assert table["var"].sel(fund="zeta").values.tolist() == RUN.checkpoints["var"][:, GROUPS.index("zeta")].tolist()
    assert "prob_margin_call" not in table
    calls = np.linspace(0, 1, RUN.checkpoints["mean_loss"].size).reshape(RUN.checkpoints["mean_loss"].shape)
    marks = {name: values for name, values in RUN.checkpoints.items() if name != "var"}
    changed = dataclasses.replace(RUN, checkpoints={**marks, "prob_margin_call": calls})
    table = to_datatree(changed)["diagnostics"].to_dataset()
    assert "var" not in table
    assert table["prob_margin_call"].sel(fund="system").values.tolist() == calls[:, SYSTEM].tolist()


def test_repair_of_the_correlation_is_told() -> None:
    shocks = dataclasses.replace(RUN.problem.shocks, repair_distance=0.0012)
    tree = to_datatree(dataclasses.replace(RUN, problem=dataclasses.replace(RUN.problem, shocks=shocks)))
    assert tree.attrs["correlation_repair_distance"] == 0.0012
    assert tree["diagnostics"]["correlation_repair_distance"].item() == 0.0012
    assert TREE.attrs["correlation_repair_distance"] == 0.0


def test_quantile_errors_of_the_timeline_match_the_bootstrap() -> None:
    line, rng = TREE["timeline"].to_dataset(), np.random.default_rng(2)
    values = 1 + 3 / np.maximum(1 - RUN.sample.fund_loss[GROUPS.index("alpha")], 1e-3)
    picks = rng.choice(values, (800, len(values)))
    bootstrap = np.quantile(picks, 0.75, axis=1).std()
    error = line["gross_leverage_se"].sel(step=STEPS, fund="alpha", quantile=0.75).item()
    bin_width = 2.0 ** (2 - 9)  # of leverages from 4 to 8; the error holds the bins at both ends of its interval
    assert 0.7 * bootstrap < error < 1.3 * bootstrap + 2 * bin_width / (2 * 1.96)


def test_an_infinite_quantile_has_no_error_and_a_finite_one_has() -> None:
    quantiles = {name: histogram for name, histogram in RUN.timeline.quantiles.items()}
    shape = quantiles["gross_leverage"].shape
    infinite = type(quantiles["gross_leverage"]).empty(shape)
    values = np.tile(np.linspace(1, 2, RUN.timeline.paths), (*shape, 1))
    values[..., -100:] = np.inf
    infinite.add(values)
    timeline = dataclasses.replace(RUN.timeline, quantiles={**quantiles, "gross_leverage": infinite})
    line = to_datatree(dataclasses.replace(RUN, timeline=timeline))["timeline"].to_dataset()
    assert np.all(np.isposinf(line["gross_leverage"].sel(quantile=0.95)))
    assert np.all(np.isposinf(line["gross_leverage_se"].sel(quantile=0.95)))
    assert np.all(np.isfinite(line["gross_leverage_se"].sel(quantile=0.5)))


def test_attribution_sums_to_the_profit_and_slices_by_own_loss() -> None:
    table = TREE["attribution"].to_dataset()["contribution"]
    parts = table.drop_sel(component="total").sum("component")
    assert set(table["component"].values) == {*RUN.sample.attribution, "total"}
    xr.testing.assert_allclose(parts, table.sel(component="total", drop=True))
    own = np.sort(RUN.sample.fund_loss[GROUPS.index("alpha")])[::-1]
    assert table.sel(fund="alpha", component="total", slice="worst_1pct").item() == pytest.approx(-own[:10].mean())
    assert TREE["diagnostics"]["attribution_residual"].item() < 1e-12


def test_error_of_a_conditional_mean_matches_the_bootstrap() -> None:
    rng = np.random.default_rng(12)
    loss = rng.standard_t(5, 8000)
    other = 0.6 * loss + 0.3 * rng.normal(size=8000)
    worst = np.argsort(-loss)
    value, error = conditional_mean(other[worst], "0.05")
    assert value == pytest.approx(other[worst][:400].mean())
    draws = []
    for _ in range(400):
        pick = rng.integers(0, 8000, 8000)
        order = np.argsort(-loss[pick])[:400]
        draws.append(other[pick][order].mean())
    assert error == pytest.approx(np.std(draws), rel=0.15)
