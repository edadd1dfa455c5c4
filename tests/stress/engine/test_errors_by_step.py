"""Every standard error of `timeline` and `tail_timeline` by its formula, on paths of the reference."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import xarray as xr

import plain_errors as plain
from chunked_run import PATHS, chunked_run, problem, told
from stress.reference.state import TRIGGERS
from stress.results.dataset.tree import to_datatree

Array = np.ndarray[Any, Any]
FUNDS, ASSETS = [*problem().funds.types, "system"], list(problem().assets.ids)
RARE = ("called_usd", "forced_sales_usd", "open_call")  # with those by trigger
SLICES = {"worst_5pct": "0.05", "worst_1pct": "0.01", "worst_0.1pct": "0.001"}


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return to_datatree(chunked_run())


def grouped(by_member: Array, axis: int, weighted: bool = False) -> Array:
    """Sums over the members of each type and over all, or means by their NAV."""
    funds = problem().funds
    chosen = np.vstack([funds.type_of == kind for kind in range(len(funds.types))] + [np.ones(len(funds.nav), bool)])
    weight = chosen * funds.nav / (chosen @ funds.nav)[:, None] if weighted else chosen.astype(float)
    return np.moveaxis(np.tensordot(weight, by_member, (1, axis)), 0, axis)


def by_path() -> dict[str, tuple[tuple[str, ...], Array]]:
    """Each variable path by path, the last axis; funds are types and, last, the system."""
    r, nav = told(), chunked_run().group_nav
    loss, static = (1.0 - grouped(x, 1, weighted=True) for x in (r.equity, r.equity_static))
    calls = np.diff(r.called_so_far_usd, axis=0, prepend=0.0)
    in_call = grouped(r.open_call.astype(float), 1) > 0
    sold, by_trigger = grouped(r.forced_sales_step_usd, 1), grouped(r.sold_by_trigger_usd, 2)
    fund, asset, flow = ("step", "fund"), ("step", "asset"), ("step", "fund", "asset")
    return {
        "fund_loss": (fund, loss),
        "fund_loss_static": (fund, static),
        "added_loss": (fund, loss - static),
        "added_loss_usd": (fund, (loss - static) * nav[:, None]),
        "called_usd": (fund, grouped(calls, 1)),
        "forced_sales_usd": (fund, sold),
        "open_call": (fund, in_call.astype(float)),
        "price_mean": (asset, r.price),
        "depth_mean": (asset, r.depth),
        "volatility": (asset, np.sqrt(r.variance_ratio)),
        "forced_flow_usd": (asset, r.forced_flow_usd),
        "forced_flow_by_fund_usd": (flow, grouped(r.forced_flow_by_fund_usd, 1)),
        "exposure_usd": (flow, grouped(r.exposure_usd, 1)),
        "gross_exposure_usd": (flow, grouped(r.exposure_gross_usd, 1)),
        "forced_sales_by_trigger_usd": (("step", "trigger", "fund"), by_trigger),
        "total_forced_sales_by_trigger_usd": (("trigger", "fund"), by_trigger.sum(axis=0)),
        "total_forced_sales_usd": (("fund",), sold.sum(axis=0)),
        "total_called_usd": (("fund",), grouped(calls, 1).sum(axis=0)),
    }


def is_rare(name: str) -> bool:
    return name.removeprefix("total_") in RARE or name.endswith("_by_trigger_usd")


def in_order(table: xr.Dataset, name: str, dims: tuple[str, ...]) -> Array:
    found = table[name].transpose(*dims)
    labels = {"fund": [x for x in FUNDS if x in table["fund"]], "asset": ASSETS, "trigger": list(TRIGGERS)}
    return np.asarray(found.sel({dim: labels[dim] for dim in dims if dim in labels}))


def close(found: Array, wanted: Array, name: str) -> None:
    size = np.nanmax(np.where(np.isfinite(wanted), wanted, 0.0))
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-9 * max(size, 1e-3), err_msg=name)


def known(table: xr.Dataset) -> dict[str, tuple[tuple[str, ...], Array]]:
    """Of those variables the ones that the table has, triggers that the run has."""
    return {name: found for name, found in by_path().items() if name in table}


def test_means_by_step(tree: xr.DataTree) -> None:
    table, seen = tree["timeline"].to_dataset(), set()
    for name, (dims, values) in known(table).items():
        flat = values.reshape(-1, PATHS)
        rests_on = [plain.kish(x) if is_rare(name) else PATHS for x in flat]
        errors = [plain.widened(x.std(ddof=1) / math.sqrt(PATHS), few) for x, few in zip(flat, rests_on, strict=True)]
        close(in_order(table, name, dims), values.mean(axis=-1), name)
        close(in_order(table, f"{name}_se", dims), np.reshape(errors, values.shape[:-1]), name)
        seen.add(f"{name}_se")
    quantiles = {"gross_leverage_se", "net_leverage_se", "loss_se", "price_se", "depth_se"}
    others = {"amplification_se", "loss_part_se", "loss_part_usd_se"}
    assert seen | quantiles | others == {str(name) for name in table.data_vars if str(name).endswith("_se")}


def test_amplification_by_step(tree: xr.DataTree) -> None:
    """By the delta method, over the same paths: of loss - ratio x static."""
    table, every = tree["timeline"].to_dataset(), by_path()
    loss, static = every["fund_loss"][1], every["fund_loss_static"][1]
    base = static.mean(axis=-1)
    ratio = np.where(base >= 0.001, loss.mean(axis=-1) / base, np.nan)
    spread = (loss - ratio[..., None] * static).std(axis=-1, ddof=1) / math.sqrt(PATHS) / base
    assert (base >= 0.001).any()
    np.testing.assert_allclose(in_order(table, "amplification", ("step", "fund")), ratio, rtol=1e-6)
    wanted = np.vectorize(plain.widened)(spread, PATHS)
    np.testing.assert_allclose(in_order(table, "amplification_se", ("step", "fund")), wanted, rtol=1e-5)


def test_parts_by_step(tree: xr.DataTree) -> None:
    """At the last step those of the attribution's paths; held still at every step."""
    table, nav = tree["timeline"].to_dataset(), chunked_run().group_nav
    for name, values in chunked_run().sample.parts.items():
        wanted = [plain.widened(x.std(ddof=1) / math.sqrt(PATHS), PATHS) for x in values]
        for variable, unit in (("loss_part_se", 1.0), ("loss_part_usd_se", nav)):
            found = in_order(table.sel(part=name, step=table["step"][-1]), variable, ("fund",))
            close(found / unit, np.array(wanted), name)
    still = in_order(table.sel(part="held_still"), "loss_part_se", ("step", "fund"))
    close(still, in_order(table, "fund_loss_static_se", ("step", "fund")), "held still")


def test_quantiles_by_step(tree: xr.DataTree) -> None:
    """Half the distance of two order statistics over 1.96, and at most the bins that hold them more."""
    table, r = tree["timeline"].to_dataset(), told()
    equity, X = grouped(r.equity, 1, weighted=True), r.exposure_usd
    nav = chunked_run().group_nav[:, None]
    gross = grouped(r.exposure_gross_usd.sum(axis=2), 1) / nav
    in_net = grouped(X[:, :, problem().assets.in_net].sum(axis=2), 1) / nav

    def over(position: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(equity > 0, position / equity, np.where(gross > 0, np.inf, 0.0))

    cases = {
        "gross_leverage": (over(gross), 0.0),
        "net_leverage": (over(in_net), 0.0),
        "loss": (1.0 - equity, 0.0),
        "price": (r.price, 1.0),
        "depth": (r.depth, 1.0),
    }
    bounded = 0
    for name, (values, centre) in cases.items():
        entity = "asset" if name in ("price", "depth") else "fund"
        found = in_order(table, f"{name}_se", ("step", entity, "quantile"))
        for at in np.ndindex(values.shape[:2]):
            ordered = np.sort(values[at])
            for q, level in enumerate(table["quantile"].values):
                text = str(level)
                _, lower, upper = plain.ranks(text, PATHS)
                beyond = min(Fraction(text), 1 - Fraction(text)) * PATHS
                ends = ordered[[max(lower, 1) - 1, min(upper, PATHS) - 1]]
                if beyond < 10 or lower < 1 or upper > PATHS or not np.isfinite(ends).all():
                    assert np.isinf(found[(*at, q)]), (name, at, level)
                    continue
                least = np.ptp(ends) / (2 * plain.Z)
                bins = (np.abs(ends - centre) * 2.0**-7 + 2.0**-13).sum() / (2 * plain.Z)
                bounded += 1
                assert least * (1 - 1e-6) <= found[(*at, q)] + 1e-12, (name, at, level)
                assert found[(*at, q)] <= least + bins, (name, at, level)
    assert bounded > 100


def test_means_over_the_worst_paths(tree: xr.DataTree) -> None:
    """`1{worst}(A - a)` over the share of the slice, a being the mean of A over the last tenth of it."""
    table, every, seen = tree["tail_timeline"].to_dataset(), by_path(), set()
    every |= {short: every[f"{short}_mean"] for short in ("price", "depth")}
    order = np.argsort(-by_path()["fund_loss"][1][-1, -1], kind="stable")
    for name in (name for name in every if name in table):
        dims, values = every[name]
        for word, share in SLICES.items():
            size = math.ceil(Fraction(share) * PATHS)
            ordered = values[..., order].reshape(-1, PATHS)
            worst, near = ordered[:, :size], ordered[:, size - max(1, size // 10) : size].mean(axis=1)
            psi = np.zeros_like(ordered)
            psi[:, :size] = worst - near[:, None]
            few = [plain.kish(x) if is_rare(name) else size for x in worst]
            spread = psi.std(axis=1) * math.sqrt(PATHS) / size
            errors = [plain.widened(float(x), m) for x, m in zip(spread, few, strict=True)]
            at = table.sel(slice=word)
            close(in_order(at, name, dims), worst.mean(axis=1).reshape(values.shape[:-1]), name)
            close(in_order(at, f"{name}_se", dims), np.reshape(errors, values.shape[:-1]), name)
        seen.add(f"{name}_se")
    assert seen == {str(name) for name in table.data_vars if str(name).endswith("_se")}
