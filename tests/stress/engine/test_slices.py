"""Why funds sell and what they hold on all detailed paths and on the worst ones, against every path by itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compilation import compiled_quickly
from recording_example import PROBLEMS, recorder_for
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.detail.tail import segments
from stress.engine.runner import execute
from stress.kernels.params import Params
from stress.kernels.path import simulate
from stress.kernels.step_report import StepReport
from stress.options import RunOptions
from stress.results.dataset.components import WORST, every_trigger
from stress.results.dataset.detail import conditional_mean
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import SimulationOutput
from stress.results.statistics.slice_means import slice_mean, slice_size
from stress.results.story.flows import flows
from stress.scenarios.problem import Problem

PATHS, SEED = 1_100, 3
NAMES = list(PROBLEMS)[:3]
IN_TURN = [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])]


@cache
def problem_of(name: str) -> Problem:
    problem = PROBLEMS[name]()
    return replace(problem, estimation=replace(problem.estimation, detail_paths=PATHS))


@cache
def run(name: str) -> SimulationOutput:
    return execute(problem_of(name), RunOptions(paths=PATHS, seed=SEED, precision="float64"))


@cache
def every_path(name: str) -> StepReport:
    problem = problem_of(name)
    with jax.enable_x64(True):
        structure, params = structure_of(problem), params_of(problem, SEED, "float64")
        low = jnp.arange(PATHS, dtype=jnp.uint32)

        @partial(jax.jit, compiler_options=compiled_quickly())
        def program(p: Params) -> StepReport:
            report = simulate(structure, p, low, jnp.zeros_like(low), detail=True)[1]
            assert report is not None
            return report

        found: StepReport = jax.device_get(program(params))
    return found


def system(problem: Problem, by_member: np.ndarray) -> np.ndarray:
    """(..., member, path) fractions of NAV -> (..., path) USD of all funds."""
    return np.asarray(np.einsum("f,...fp->...p", problem.funds.nav, by_member))


@pytest.mark.parametrize("name", IN_TURN)
@pytest.mark.parametrize("path", [0, 7, 23])
def test_trades_are_booked_as_in_the_recorded_path(name: str, path: int) -> None:
    """Round by round in NumPy, from what each trigger asked of each book."""
    problem, report = problem_of(name), every_path(name)
    story, on = flows(recorder_for(problem).recorded(path)), structure_of(problem).triggers
    for booked, told in ((report.by_trigger.sold, story.sold_because), (report.by_trigger.built, story.built_because)):
        expected = told.sum(axis=1)[:, [every_trigger().index(trigger) for trigger in on]]
        if booked.shape[1]:
            np.testing.assert_allclose(booked[..., path] * problem.funds.nav, expected, rtol=1e-9, atol=1e-3)
        else:
            assert not told.any()


@pytest.mark.parametrize("name", IN_TURN)
def test_sales_by_trigger_sum_to_the_sales(name: str) -> None:
    report, line = every_path(name), run(name).timeline
    by_step = np.diff(report.sold, axis=0, prepend=0.0)
    np.testing.assert_allclose(report.by_trigger.sold.sum(axis=1), by_step, rtol=1e-9, atol=1e-12)
    table = line.tables["forced_sales_by_trigger_usd"]
    np.testing.assert_allclose(table.mean.sum(axis=1), line.means["forced_sales_usd"][0], rtol=1e-9, atol=1.0)
    assert (table.mean[..., -1].sum(axis=0) > 0).sum() >= (1 if name == "two-way leverage target" else 2)
    if "built_usd" in line.means:
        built = line.tables["built_by_trigger_usd"].mean.sum(axis=1)
        np.testing.assert_allclose(built, line.means["built_usd"][0], rtol=1e-9, atol=1.0)
        assert built.any()


@pytest.mark.parametrize("name", IN_TURN)
def test_exposure_is_what_books_hold_at_the_prices_of_the_step(name: str) -> None:
    problem, report, line = problem_of(name), every_path(name), run(name).timeline
    books = problem.books
    weights = books.size[:, None] * books.shapes[books.shape_of]
    of_type = np.arange(len(problem.funds.types))[:, None] == problem.funds.type_of[books.fund_of]
    for kind, held in (("exposure_usd", weights), ("gross_exposure_usd", np.abs(weights))):
        usd = np.einsum("tb,ba,sbp,sap->stap", of_type, held, report.held, report.price)
        usd = np.concatenate([usd, usd.sum(axis=1, keepdims=True)], axis=1)
        table = line.tables[kind]
        np.testing.assert_allclose(table.mean, usd.mean(axis=-1), rtol=1e-9, atol=1.0)
        np.testing.assert_allclose(table.error, usd.std(axis=-1) / np.sqrt(PATHS - 1), rtol=1e-6, atol=1.0)


def test_what_retail_buys_and_how_it_stands() -> None:
    problem, report, line = problem_of(NAMES[0]), every_path(NAMES[0]), run(NAMES[0]).timeline
    retail = problem.outside["retail"]
    bought = report.purchases[:, 0] * problem.assets.adv[:, None]
    table = line.tables["retail_purchases_usd"]
    np.testing.assert_allclose(table.mean, bought.mean(axis=-1), rtol=1e-9, atol=1.0)
    outlay = bought.sum(axis=1)
    np.testing.assert_allclose(bought, retail.weights[:, None] * outlay[:, None], rtol=1e-9, atol=1e-3)
    left = line.tables["retail_budget_left_usd"].mean
    np.testing.assert_allclose(left, retail.budget - outlay.cumsum(axis=0).mean(axis=-1), rtol=1e-9)
    days, factor = (line.tables[f"retail_{figure}"].mean for figure in ("down_days", "fatigue"))
    assert days[0] == 0
    assert factor[0] == 1
    assert days[1] > 0
    assert factor[1] < 1
    np.testing.assert_allclose(report.told["retail_fatigue"], np.exp(-retail.fatigue * report.told["retail_down_days"]))
    assert outlay.max() <= retail.cap * (1 + 1e-12)


@pytest.mark.parametrize("name", IN_TURN[:2])
def test_slices_are_the_worst_paths_by_the_loss_of_the_system(name: str) -> None:
    problem, report, output = problem_of(name), every_path(name), run(name)
    worst_first = np.argsort(-output.sample.fund_loss[-1], kind="stable")
    slices = output.timeline.slices
    assert slices is not None
    assert slices.names == tuple(WORST)
    called = system(problem, np.diff(np.asarray(report.called), axis=0, prepend=0.0))
    sold = system(problem, np.asarray(report.by_trigger.sold))
    flow = report.forced * problem.assets.adv[:, None]
    triggers = [every_trigger().index(trigger) for trigger in structure_of(problem).triggers]
    found = {name: table.mean for name, table in slices.tables.items()}
    for at, (share, size) in enumerate(zip(WORST.values(), slices.paths, strict=True)):
        assert size == slice_size(share, PATHS)
        chosen = worst_first[:size]
        np.testing.assert_allclose(found["called_usd"][at, :, -1], called[:, chosen].mean(axis=-1), rtol=1e-9, atol=1.0)
        by_trigger = found["forced_sales_by_trigger_usd"][at, :, triggers, -1].T
        np.testing.assert_allclose(by_trigger, sold[..., chosen].mean(axis=-1), rtol=1e-9, atol=1.0)
        by_asset = found["forced_flow_usd"][at]
        np.testing.assert_allclose(by_asset, flow[..., chosen].mean(axis=-1), rtol=1e-9, atol=1.0)
        by_fund = found["forced_flow_by_fund_usd"][at].sum(axis=1)
        np.testing.assert_allclose(by_fund, by_asset, rtol=1e-9, atol=1.0)
        loss = output.sample.fund_loss[-1][chosen].mean()
        np.testing.assert_allclose(found["fund_loss"][at, -1, -1], loss, rtol=1e-9)
    tree = to_datatree(output)["tail_timeline"].to_dataset()
    assert tree["slice_paths"].values.tolist() == [55, 11, 2]
    assert np.isinf(tree["called_usd_se"].sel(slice="worst_0.1pct")).all()
    assert tree["exposure_usd"].sel(fund="system", slice="worst_5pct").shape == (problem.steps, len(problem.assets.ids))


def test_error_of_a_slice_is_that_of_a_conditional_mean() -> None:
    rng = np.random.default_rng(4)
    loss = rng.standard_t(5, 20_000)
    other = (0.6 * loss + 0.3 * rng.normal(size=20_000))[np.argsort(-loss)]
    for share in WORST.values():
        size = slice_size(share, 20_000)
        chosen = other[:size]
        near = chosen[-max(1, size // 10) :].mean()
        sums = (np.asarray(chosen.sum()), np.asarray((chosen**2).sum()), np.asarray(near))
        value, error = slice_mean(*sums, size, 20_000, rare=False)
        expected, expected_error = conditional_mean(other, share)
        assert value == pytest.approx(expected)
        assert error == pytest.approx(expected_error, rel=0.15)


def test_sums_end_where_a_slice_does_and_where_its_boundary_begins() -> None:
    assert segments(10_000, WORST) == [9, 10, 90, 100, 450, 500]
    assert segments(40, WORST) == [1, 2]
