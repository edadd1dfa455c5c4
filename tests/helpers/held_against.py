"""Kernels held against the reference, reading by reading and path by path."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from flat import retail_of
from parity import Pair
from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.engine.detail.by_name import by_name
from stress.engine.detail.fund_flows import row_flows, row_groups
from stress.kernels.layout import shapes_to_books
from stress.reference.state import CAUSES, TRIGGERS
from stress.results.dataset.components import component_names
from stress.scenarios.problem import Problem

TOLERANCE = 1e-9


def close(ours: object, theirs: object, scale: float = 1.0) -> None:
    np.testing.assert_allclose(
        np.asarray(ours, float) / scale, np.asarray(theirs, float) / scale, rtol=TOLERANCE, atol=TOLERANCE
    )


def assert_parity(pair: Pair) -> None:
    nav = pair.problem.funds.nav[:, None]
    ours, report, theirs = pair.metrics, pair.report, pair.twin
    close(ours.fund_loss[:-1], theirs.group_loss[:-1])
    close(ours.fund_loss_static[:-1], theirs.group_loss_static[:-1])
    close(ours.fund_loss[-1], theirs.group_loss[-1])
    close(ours.max_drawdown[:-1], theirs.group_max_drawdown[:-1])
    close(-report.profit[-1], theirs.loss)
    close(report.called[-1] * nav, theirs.called_usd, 1e9)
    close(report.sold[-1] * nav, theirs.forced_sales_usd, 1e9)
    close(report.price, theirs.price)
    if pair.problem.cascade.feedback:  # without feedback nobody reads depth
        close(report.depth, theirs.depth)
    close(report.held, theirs.k)
    by_step = np.diff(report.built, axis=0, prepend=np.zeros_like(report.built[:1]))
    if by_step.shape[1]:
        close(by_step * nav, theirs.built_usd_step, 1e9)
    else:
        assert not theirs.built_usd_step.any()
    close(report.forced * pair.problem.assets.adv[:, None], theirs.forced_flow_usd, 1e9)
    close(ours.broker_loss * nav.sum(), theirs.broker_loss_usd, 1e9)
    close(report.asset_pnl.sum(axis=0) * nav.sum(), theirs.asset_pnl_usd, nav.sum())
    close(flow_by_member(pair), theirs.forced_flow_by_fund_usd, 1e9)
    parts = np.stack([report.outside, *report.causes.in_order(), report.rebound]).sum(axis=1)
    names = component_names(structure_of(pair.problem).outside, pair.problem.assets.loadings is not None)
    for part, component in zip(by_name(parts, names, CAUSES, axis=0), theirs.attribution, strict=True):
        close(part, component)
    on, because = structure_of(pair.problem).triggers, report.by_trigger
    for booked, expected in ((because.sold, theirs.sold_by_trigger_usd), (because.built, theirs.built_by_trigger_usd)):
        if booked.size:
            close(by_name(np.asarray(booked), on, TRIGGERS, axis=1) * nav, expected, 1e9)
        else:
            assert not expected.any()
    if report.purchases.size:
        close(report.purchases[:, 0] * pair.problem.assets.adv[:, None], theirs.retail_by_asset_usd, 1e9)
    np.testing.assert_array_equal(report.defaulted[-1], theirs.defaulted)
    np.testing.assert_array_equal(report.call_open, theirs.open_call)
    np.testing.assert_array_equal(ours.at_round_limit, theirs.at_round_limit)
    for group, (first, last) in enumerate(spans(pair.problem)):
        calls = np.where(theirs.first_call_step[first:last] > 0, theirs.first_call_step[first:last], 10**6).min(axis=0)
        np.testing.assert_array_equal(ours.first_call_step[group], np.where(calls == 10**6, 0, calls))
    assert_quiet_parity(pair)


def flow_by_member(pair: Pair) -> np.ndarray:
    """Signed forced flow (step, member, asset, path) in USD from what the engine's `fund_flows` keeps of each path."""
    structure, params = structure_of(pair.problem, members=True), params_of(pair.problem, 1, "float64", members=True)
    groups = np.array(row_groups(structure))
    with jax.enable_x64(True):
        flow = np.asarray(row_flows(structure, params, jnp.asarray(pair.report.held))) * 1e9
        by_shape = jnp.asarray(params.books.shapes)
        weights = np.asarray(by_shape if len(groups) == structure.shapes else shapes_to_books(structure, by_shape))
    result = np.zeros((flow.shape[0], structure.members, structure.assets, flow.shape[2]))
    for row, group in enumerate(groups):
        result[:, group] += flow[:, row, None] * weights[row][:, None]
    return result


def assert_quiet_parity(pair: Pair) -> None:
    """The start book held still is the twin's, and nobody is called or trades before the first trigger."""
    quiet, report, theirs = pair.quiet, pair.report, pair.twin
    close(quiet.fund_loss[:-1], theirs.group_loss_static[:-1])
    if retail_of(pair.problem).per_percent > 0:
        return  # outside buyers move prices on every path: its triggers are not those of the start book
    acts = (
        (report.sold > 0).any(axis=1)
        | (report.built > 0).any(axis=1)
        | report.call_open.any(axis=1)
        | report.defaulted.any(axis=1)
    )
    first = np.where(acts.any(axis=0), acts.argmax(axis=0) + 1, 0)
    np.testing.assert_array_equal(quiet.first_trigger, first)
    calm = first == 0
    close(quiet.fund_loss[:, calm], pair.metrics.fund_loss[:, calm])
    close(quiet.max_drawdown[:, calm], pair.metrics.max_drawdown[:, calm])


def spans(problem: Problem) -> list[tuple[int, int]]:
    return [
        (int(np.searchsorted(problem.funds.type_of, t)), int(np.searchsorted(problem.funds.type_of, t, side="right")))
        for t in range(len(problem.funds.types))
    ]
