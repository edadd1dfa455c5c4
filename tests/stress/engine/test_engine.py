"""The engine: worst paths, sums, tails and detail are those of the stored paths; refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stress.engine.plan import plan
from stress.engine.runner import execute
from stress.errors import DeviceNotFound, NotEnoughResources
from stress.options import Progress, RunOptions
from stress.questions.lean import run_lean
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import NAV_SHARES, PATH_METRICS, SimulationOutput
from stress.scenarios.problem import Problem
from tiny import make_problem

PATHS = 5_000
PROBLEM = make_problem(steps=4, shocks={"scale": 2.5}, estimation={"detail_paths": 2_048})

NO_BUYERS = replace(PROBLEM, outside={})  # so it runs in two passes


def run(problem: Problem = PROBLEM, **options: object) -> SimulationOutput:
    chosen: dict[str, object] = {"paths": PATHS, "seed": 11, "worst": 20, **options}
    return execute(problem, RunOptions(**chosen))  # type: ignore[arg-type]


PASSES = ["one pass", "two passes"]


@pytest.fixture(scope="module", params=[PROBLEM, NO_BUYERS], ids=PASSES)
def reference(request: pytest.FixtureRequest) -> SimulationOutput:
    return run(request.param, devices=2, store="paths")


@pytest.mark.parametrize(
    ("paths", "keep", "sizes"),
    [
        (PATHS, 180, (1_024, None)),
        pytest.param(20_000, 700, (1_024, 8_192, None), marks=pytest.mark.slow),
    ],
)
def test_tails_are_the_sorted_head_whatever_arrives_first(
    paths: int, keep: int, sizes: tuple[int | None, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths on which nobody trades arrive before the others: far more of them than the tail keeps."""
    monkeypatch.setattr("stress.engine.chunk_simulator.TAIL_KEEP", keep)
    options = RunOptions(paths=paths, seed=11, store="paths", devices=2)
    for size in sizes:
        result = execute(NO_BUYERS, replace(options, block_size=size))
        assert result.stored is not None
        calls = result.stored.first_call_step[-1] > 0
        assert 0.02 < calls.mean() < 0.98
        assert (~calls).sum() > 2 * keep
        for kind, every in result.distributions.items():
            count = keep if kind.startswith("fund_loss") else keep // 4
            for row, distribution in enumerate(every):
                losses = result.stored.metrics[kind][row]
                order = np.lexsort((result.stored.path_ids, -losses))[:count]
                np.testing.assert_array_equal(distribution.tail.values, losses[order])
                np.testing.assert_array_equal(distribution.tail.path_ids, result.stored.path_ids[order])


def test_another_seed_changes_the_numbers(reference: SimulationOutput) -> None:
    assert np.all(run(reference.problem, seed=12).sums["fund_loss"] != reference.sums["fund_loss"])


def test_worst_paths_are_the_stored_ones_bit_for_bit(reference: SimulationOutput) -> None:
    stored = reference.stored
    assert stored is not None
    for by, worst in (("fund_loss", reference.worst), ("trough", reference.worst_by_trough)):
        for row, group in enumerate((*reference.groups, "system")):
            table = worst[group]
            order = np.lexsort((stored.path_ids, -stored.metrics[by][row]))[:20]
            np.testing.assert_array_equal(table.path_ids, stored.path_ids[order])
            for name in PATH_METRICS:
                np.testing.assert_array_equal(table.metrics[name], stored.metrics[name][:, order])
            np.testing.assert_array_equal(table.first_call_step, stored.first_call_step[:, order])


def test_sums_counts_and_tails_are_those_of_the_stored_paths(reference: SimulationOutput) -> None:
    stored = reference.stored
    assert stored is not None
    for name in PATH_METRICS:
        np.testing.assert_allclose(reference.sums[name], stored.metrics[name].sum(axis=1), rtol=1e-5, atol=1e-5)
    loss = stored.metrics["fund_loss"]
    np.testing.assert_array_equal(reference.counts["loss_over_20pct"], (loss > 0.2).sum(axis=1))
    np.testing.assert_array_equal(reference.counts["margin_call"], (stored.first_call_step > 0).sum(axis=1))
    np.testing.assert_array_equal(reference.counts["default"], stored.defaulted.sum(axis=1))
    for name, every in reference.distributions.items():
        for row, distribution in enumerate(every):
            np.testing.assert_array_equal(distribution.tail.values, np.sort(stored.metrics[name][row])[::-1])
            bins = distribution.histogram.bin_index(stored.metrics[name][row])
            np.testing.assert_array_equal(distribution.histogram.counts, np.bincount(bins, minlength=31_747))


def test_courses_lie_where_they_can(reference: SimulationOutput) -> None:
    """A trough is at least the final loss, a drawdown at least the trough, and without trades both books are one."""
    assert reference.stored is not None
    metrics, calls = reference.stored.metrics, reference.stored.first_call_step[-1]
    loss, trough, drawdown = (metrics[name] for name in ("fund_loss", "trough", "max_drawdown"))
    assert (trough >= loss).all()
    assert (trough > loss).any()
    assert (metrics["trough_static"] >= metrics["fund_loss_static"]).all()
    assert ((drawdown >= trough - 1e-6) | (trough > 1)).all()  # with equity below zero the peak makes it less
    quiet = (calls == 0) & (metrics["forced_sales"][-1] == 0)
    if not reference.problem.outside:
        np.testing.assert_array_equal(trough[:, quiet], metrics["trough_static"][:, quiet])


def test_shares_of_nav_called_are_counted(reference: SimulationOutput) -> None:
    stored = reference.stored
    assert stored is not None
    for kind, flag in {"called": stored.first_call_step > 0, "defaulted": stored.defaulted}.items():
        share = stored.metrics[f"{kind}_share"]
        np.testing.assert_array_equal(share > 0, flag)
        assert ((share >= 0) & (share <= 1)).all()
        over = np.stack([(share > least + 1e-6).sum(axis=1) for least in NAV_SHARES])
        np.testing.assert_array_equal(reference.counts[f"{kind}_over"], over)
    assert (reference.counts["called_over"][0] > reference.counts["called_over"][-1]).any()


def test_detail_agrees_with_the_paths_themselves(reference: SimulationOutput) -> None:
    stored = reference.stored
    assert stored is not None
    count = reference.sample.fund_loss.shape[1]
    np.testing.assert_allclose(reference.sample.fund_loss, stored.metrics["fund_loss"][:, :count], atol=2e-6)
    parts = sum(reference.sample.attribution.values())
    np.testing.assert_allclose(parts, -reference.sample.fund_loss, atol=5e-6)


def test_contributions_sum_to_the_expected_shortfall_of_the_system(reference: SimulationOutput) -> None:
    tree = to_datatree(reference)
    table, system = tree["contributions"].to_dataset(), tree["summary"]["system_es"].sel(level=[0.95, 0.99])
    for by, name in (("fund", "es_contribution"), ("asset", "es_contribution_by_asset")):
        np.testing.assert_allclose(table[name].sum(by), system, rtol=1e-12)
        assert bool((table[f"{name}_se"] > 0).all())
    assert table.attrs["paths"] == 2_048
    share = reference.group_nav[:-1] / reference.group_nav[-1]
    by_nav = table["mes"].sel(fund=list(reference.groups)) * share[:, None]
    np.testing.assert_allclose(by_nav, table["es_contribution"].sel(fund=list(reference.groups)), rtol=1e-12)
    own = tree["summary"]["es"].sel(level=[0.95, 0.99])
    assert bool((table["mes"] < own + 4 * table["mes_se"]).all())  # its own worst paths are worse


def test_profit_on_assets_is_that_of_the_system(reference: SimulationOutput) -> None:
    sample = reference.sample
    worst = np.sort(np.argsort(-sample.fund_loss[-1], kind="stable")[: 103 + 103 // 4])  # 5 % and what is next to them
    np.testing.assert_array_equal(sample.asset_pnl_paths, worst)
    np.testing.assert_allclose(sample.asset_pnl.sum(axis=0), -sample.fund_loss[-1, worst], atol=2e-6)
    assert (np.abs(sample.asset_pnl).max(axis=1) > 0.01).all()


def test_flows_of_funds_sum_to_those_of_all(reference: SimulationOutput) -> None:
    mean, error = reference.timeline.flow_by_fund
    whole = reference.timeline.means["forced_flow_usd"][0]
    np.testing.assert_allclose(mean.sum(axis=1), whole, atol=1e-6 * np.abs(mean).sum(axis=1).max())
    alone = reference.groups.index("longshort")  # it has one book, which trades pro rata
    weights = reference.problem.books.shapes[1]
    for values in (mean, error):
        by_weight = values[:, alone, 4:] * weights / weights[4]
        np.testing.assert_allclose(values[:, alone], by_weight if values is mean else np.abs(by_weight), rtol=1e-4)
    assert (mean[:, alone, 4] < -1e8).any()


def test_timeline_histograms_hold_every_detailed_path(reference: SimulationOutput) -> None:
    line, stored = reference.timeline, reference.stored
    assert stored is not None
    assert line.paths == 2_048
    for histogram in line.quantiles.values():
        np.testing.assert_array_equal(histogram.totals(), line.paths)
    leverage = line.quantiles["gross_leverage"].quantile("0.5")[0]
    start = np.bincount(PROBLEM.books.fund_of, weights=PROBLEM.books.size) / PROBLEM.funds.nav
    assert 0.5 * start.min() < leverage[0].min() <= leverage[0].max() < 2.0 * start.max()
    last_mean = line.means["fund_loss"][0][-1]
    np.testing.assert_allclose(last_mean, stored.metrics["fund_loss"][:, : line.paths].mean(axis=1), atol=1e-5)


@pytest.mark.slow  # the library runs say it of eight scenarios
def test_precisions_agree() -> None:
    single, double = run(store="paths"), run(store="paths", precision="float64")
    assert single.stored is not None
    assert double.stored is not None
    difference = np.abs(single.stored.metrics["fund_loss"] - double.stored.metrics["fund_loss"])
    assert np.quantile(difference, 0.99) < 1e-5
    assert 0.0 < difference.mean() < 1e-5


def test_without_feedback_the_twin_is_the_fund() -> None:
    result = run_lean(replace(PROBLEM, cascade=replace(PROBLEM.cascade, feedback=False)), RunOptions(paths=2_000))
    assert result.stored is not None
    np.testing.assert_array_equal(result.stored.metrics["fund_loss"], result.stored.metrics["fund_loss_static"])
    assert not result.counts["margin_call"].any()


@pytest.mark.parametrize(
    "reference", [pytest.param(PROBLEM, marks=pytest.mark.slow), NO_BUYERS], indirect=True, ids=PASSES
)
def test_members_add_up_to_types(reference: SimulationOutput) -> None:
    members = run_lean(reference.problem, RunOptions(paths=PATHS, seed=11, members=True))
    assert members.groups == PROBLEM.funds.ids
    nav = members.group_nav[:-1]
    by_type = np.bincount(PROBLEM.funds.type_of, weights=members.sums["fund_loss"][:-1] * nav)
    np.testing.assert_allclose(
        by_type / reference.group_nav[:-1], reference.sums["fund_loss"][:-1], rtol=1e-4, atol=1e-3
    )


def test_progress_reaches_the_end() -> None:
    seen: list[Progress] = []
    execute(PROBLEM, RunOptions(paths=PATHS, block_size=2_048, devices=2), seen.append)
    paths = [p.done_paths for p in seen if p.phase == "paths"]
    assert paths == [2_048, 4_096, 5_000]
    waited = {"compiling", "preparing the timeline"}  # unless the programs are kept
    assert {p.phase for p in seen} - waited == {"loading programs", "paths", "timeline and attribution"}


def test_refusals() -> None:
    with pytest.raises(NotEnoughResources, match="memory"):
        plan(PROBLEM, RunOptions(paths=10**6, max_memory=10**6))
    with pytest.raises(DeviceNotFound, match="devices asked for"):
        plan(PROBLEM, RunOptions(paths=100, device="cpu", devices=1_000))
    for wrong in ({"paths": 0}, {"seed": -1}, {"precision": "float16"}, {"store": "all"}, {"worst": -1}):
        with pytest.raises(ValueError, match="allowed"):
            RunOptions(**wrong)


def test_a_plan_covers_all_paths() -> None:
    shown = plan(PROBLEM, RunOptions(paths=10_000, block_size=1_000, devices=1))
    assert (shown.block_size, shown.blocks, shown.paths) == (1_024, 10, 10_000)
    assert shown.memory_bytes > 0
    assert shown.estimated_seconds is None


@pytest.mark.slow
def test_funds_without_brokers_run() -> None:
    none = np.zeros((len(PROBLEM.funds.ids), 0))
    funds = replace(PROBLEM.funds, brokers=(), brokers_file_order=(), broker_share=none)
    result = execute(replace(PROBLEM, funds=funds), RunOptions(paths=2_000, worst=3))
    assert result.broker_loss == []
    assert result.worst["system"].broker_loss.shape == (0, 3)
