"""A synthetic `SimulationOutput` from a NumPy simulation: levered one-factor funds that lose more than their twins."""

from __future__ import annotations

from typing import Any

import numpy as np

from problem_example import (
    ASSETS as ASSETS,
)
from problem_example import (
    ASSETS_FILE_ORDER as ASSETS_FILE_ORDER,
)
from problem_example import (
    BROKERS as BROKERS,
)
from problem_example import (
    BROKERS_FILE_ORDER as BROKERS_FILE_ORDER,
)
from problem_example import (
    FILE_ORDER as FILE_ORDER,
)
from problem_example import (
    GROUPS as GROUPS,
)
from problem_example import (
    NAV as NAV,
)
from problem_example import (
    STEPS as STEPS,
)
from problem_example import (
    problem as problem,
)
from stress.results.dataset.components import WORST, every_trigger
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import (
    DISTRIBUTED,
    NAV_SHARES,
    Distribution,
    PathTable,
    Sample,
    SimulationOutput,
    Slices,
    Table,
    Tail,
    Timeline,
)
from stress.results.statistics.slice_means import slice_size


def distribution(values: np.ndarray, path_ids: np.ndarray | None = None, kept: int | None = None) -> Distribution:
    """Histogram of all values, tail of the `kept` largest (all by default)."""
    values = np.asarray(values, np.float32).astype(np.float64)
    ids = np.arange(len(values), dtype=np.uint64) if path_ids is None else path_ids
    histogram = FloatHistogram.empty(())
    histogram.add(values)
    order = np.lexsort((ids, -values))[: len(values) if kept is None else kept]
    return Distribution(histogram, Tail(values[order], ids[order]))


def _with_system(rows: np.ndarray) -> np.ndarray:
    """Append the NAV-weighted sum over funds: (fund, path) -> (row, path)."""
    nav = NAV[: len(rows)]
    return np.concatenate([rows, (nav @ rows / nav.sum())[None]])


def by_more(
    steps: dict[str, np.ndarray], sample: Sample, share: np.ndarray, navs: np.ndarray, worst_first: np.ndarray
) -> tuple[dict[str, Table], Slices]:
    """Tables by more than step and fund, and the worst slices: calls sell most of it, stop-losses the rest."""
    sold, triggers = steps["forced_sales_usd"], np.zeros((len(every_trigger()), 1, 1))
    triggers[[every_trigger().index(name) for name in ("margin_call", "stop_loss")]] = [[[0.7]], [[0.3]]]
    held = np.array([[0.5, 0.5], [-0.2, 0.4], [0.3, -0.1], [0.6, 0.8]])[None, :, :, None] * steps["price"][:, None]
    bought = np.array([0.25, 0.75])[None, :, None] * np.maximum(1 - steps["price"][:, -1:], 0) * 1e9
    every = {
        "forced_sales_by_trigger_usd": (("step", "trigger", "fund"), sold[:, None] * triggers),
        "total_forced_sales_by_trigger_usd": (("trigger", "fund"), sold.sum(axis=0) * triggers),
        "total_forced_sales_usd": (("fund",), sold.sum(axis=0)),
        "total_called_usd": (("fund",), steps["called_usd"].sum(axis=0)),
        "exposure_usd": (("step", "fund", "asset"), held * navs[:, None, None]),
        "gross_exposure_usd": (("step", "fund", "asset"), 1.5 * np.abs(held) * navs[:, None, None]),
        "retail_purchases_usd": (("step", "asset"), bought),
        "total_retail_purchases_usd": (("asset",), bought.sum(axis=0)),
        "retail_down_days": (("step",), share[:, None] * np.ones(sold.shape[-1])),
        "retail_fatigue": (("step",), np.exp(-0.2 * share[:, None]) * np.ones(sold.shape[-1])),
        "retail_budget_left_usd": (("step",), 5e9 - bought.sum(axis=1).cumsum(axis=0)),
        "loss_part": (("step", "part", "fund"), share[:, None, None, None] * np.stack(list(sample.parts.values()))),
    }

    def mean(dims: tuple[str, ...], values: np.ndarray) -> Table:
        return Table(dims, values.mean(axis=-1), values.std(axis=-1) / np.sqrt(values.shape[-1]))

    of_slices = {name: one for name, one in every.items() if name != "loss_part"}
    of_slices |= {name: (("step", "fund"), steps[name]) for name in ("called_usd", "forced_sales_usd", "fund_loss")}
    of_slices["forced_flow_usd"] = (("step", "asset"), steps["forced_flow_usd"])
    flow = np.array([0.5, -0.1, 0.6])[:, None, None] * steps["forced_flow_usd"][:, None]
    of_slices["forced_flow_by_fund_usd"] = (("step", "fund", "asset"), flow)
    sizes = [slice_size(one, len(worst_first)) for one in WORST.values()]
    tables = {}
    for name, (dims, values) in of_slices.items():
        chosen = [mean(dims, values[..., worst_first[:size]]) for size in sizes]
        tables[name] = Table(("slice", *dims), np.stack([x.mean for x in chosen]), np.stack([x.error for x in chosen]))
    return {name: mean(*one) for name, one in every.items()}, Slices(tuple(WORST), tuple(sizes), tables)


def collected(
    paths: int = 4000,
    seed: int = 7,
    kept: int | None = None,
    worst: int = 20,
    detail: int = 1000,
    stored: bool = True,
    model: str = "student_t",
    **attrs: Any,
) -> SimulationOutput:
    """The synthetic run; `kept` is the length of every tail, `detail` that of the sample and the timeline."""
    rng = np.random.default_rng(seed)
    ids = np.arange(paths, dtype=np.uint64) + np.uint64(2**63 + 5)
    factor = rng.standard_t(4, paths) * 0.04
    static = np.stack([(1 + k) * factor + 0.01 * rng.normal(size=paths) + 0.02 for k in range(3)])
    if model == "none":
        static = np.broadcast_to(static[:, :1], static.shape).copy()
    called = np.maximum(static - 0.08, 0.0)
    fund_loss = static + 0.8 * called - 0.002
    first = np.where(called > 0, 1 + (ids % np.uint64(STEPS)).astype(np.int64), 0)
    defaulted = fund_loss > 0.9
    metrics = {
        "fund_loss": _with_system(fund_loss),
        "fund_loss_static": _with_system(static),
        "called": _with_system(called),
        "forced_sales": _with_system(2.5 * called),
        "max_drawdown": _with_system(np.maximum(fund_loss, 0.0)),
        "unliquidated": _with_system(np.where(defaulted, 0.1, 0.0)),
        "called_share": _with_system(np.where(called > 0, np.clip(5 * called, 0.05, 1.0), 0.0)),
        "defaulted_share": _with_system(defaulted * 0.3),
    }
    # The loss grows from step to step by as much, but on every seventh path it has been larger.
    for end in ("", "_static"):
        by_end = metrics[f"fund_loss{end}"]
        metrics[f"trough{end}"] = np.maximum(by_end, by_end / STEPS) + 0.05 * (ids % np.uint64(7) == 0)
    metrics = {name: rows.astype(np.float32).astype(np.float64) for name, rows in metrics.items()}
    earliest = np.where(first > 0, first, STEPS + 1).min(axis=0)
    first = np.concatenate([first, np.where(earliest > STEPS, 0, earliest)[None]])
    defaulted = np.concatenate([defaulted, defaulted.any(axis=0, keepdims=True)])
    beyond = (NAV @ np.maximum(fund_loss - 1, 0.0)) / NAV.sum()
    broker_loss = np.stack([0.3 * beyond, 0.7 * beyond])

    def table(index: np.ndarray) -> PathTable:
        return PathTable(
            ids[index],
            {name: rows[:, index] for name, rows in metrics.items()},
            first[:, index],
            defaulted[:, index],
            broker_loss[:, index],
        )

    def over(share: np.ndarray) -> np.ndarray:
        return np.stack([(share > least + 1e-6).sum(axis=1) for least in NAV_SHARES])

    def worst_by(name: str) -> dict[str, PathTable]:
        order = np.argsort(-metrics[name], axis=1, kind="stable")[:, :worst]
        return {row: table(order[r]) for r, row in enumerate((*GROUPS, "system"))}

    loss, twin = metrics["fund_loss"], metrics["fund_loss_static"]
    head = slice(0, detail)
    shock = -twin[:, head]
    hedge = 0.01 * rng.normal(size=shock.shape[1])  # what the funds gain on bonds and lose on semis
    sample = Sample(
        loss[:, head],
        twin[:, head],
        {
            "outside_shock": shock,
            "own_impact": -0.2 * (loss - twin)[:, head],
            "others_impact": -0.7 * (loss - twin)[:, head],
            "retail_offset": 0.1 * (loss - twin)[:, head],
            "execution_shortfall": -0.3 * (loss - twin)[:, head],
            "rebound": 0.1 * (loss - twin)[:, head],
        },
        asset_pnl=np.stack([0.2 * loss[-1, head] + hedge, -1.2 * loss[-1, head] - hedge]),
        asset_pnl_paths=np.arange(shock.shape[1]),
        parts={
            "held_still": twin[:, head],
            "cutting": -0.3 * (loss - twin)[:, head],
            "selling": 1.5 * (loss - twin)[:, head],
            "dip_buyers": -0.2 * (loss - twin)[:, head],
            "total": loss[:, head],
        },
    )
    navs = np.append(NAV, NAV.sum())
    share = np.arange(1, STEPS + 1) / STEPS
    steps = {
        "gross_leverage": share[:, None, None] + 3 / np.maximum(1 - loss[None, :, head], 1e-3),
        "net_leverage": share[:, None, None] - 0.5 * loss[None, :, head],
        "called_usd": share[:, None, None] * metrics["called"][None, :, head] * navs[:, None],
        "forced_sales_usd": share[:, None, None] * metrics["forced_sales"][None, :, head] * navs[:, None],
        "fund_loss": share[:, None, None] * loss[None, :, head],
        "fund_loss_static": share[:, None, None] * twin[None, :, head],
        "added_loss": share[:, None, None] * (loss - twin)[None, :, head],
    }
    asset = np.stack([factor, -factor])[:, head]
    steps["price"] = np.exp(-share[:, None, None] * asset[None])
    steps["depth"] = np.clip(1 - share[:, None, None] * np.abs(asset[None]), 0.1, 1)
    steps["forced_flow_usd"] = -share[:, None, None] * asset[None] * 1e9
    parts = np.array([0.5, -0.1, 0.6])[:, None, None] * steps["forced_flow_usd"][:, None]  # (step, fund, asset, path)
    quantiles = {}
    kept_by_step = {
        "gross_leverage": steps["gross_leverage"],
        "net_leverage": steps["net_leverage"],
        "fund_loss": steps["fund_loss"],
        "price_change": steps["price"] - 1,
        "depth_lost": 1 - steps["depth"],
    }
    for name, values in kept_by_step.items():
        quantiles[name] = FloatHistogram.empty(values.shape[:-1])
        quantiles[name].add(values)
    means = {
        name: (values.mean(axis=-1), values.std(axis=-1) / np.sqrt(values.shape[-1]))
        for name, values in steps.items()
        if not name.endswith("leverage")
    }
    tables, slices = by_more(steps, sample, share, navs, worst_first=np.argsort(-loss[-1, head], kind="stable"))
    marks = np.unique(np.array([max(1, paths // 2), paths]))
    return SimulationOutput(
        problem=problem(model),
        groups=GROUPS,
        groups_file_order=FILE_ORDER,
        group_nav=navs,
        paths=paths,
        distributions={name: [distribution(values, ids, kept) for values in metrics[name]] for name in DISTRIBUTED},
        broker_loss=[distribution(values, ids, kept) for values in broker_loss],
        sums={name: values.sum(axis=1) for name, values in metrics.items()},
        squares={name: (values**2).sum(axis=1) for name, values in metrics.items()},
        cross=(loss * twin).sum(axis=1),
        broker_sums=broker_loss.sum(axis=1),
        broker_squares=(broker_loss**2).sum(axis=1),
        counts={
            "loss_over_20pct": (loss > 0.2).sum(axis=1),
            "margin_call": (first > 0).sum(axis=1),
            "default": defaulted.sum(axis=1),
            "called_over": over(metrics["called_share"]),
            "defaulted_over": over(metrics["defaulted_share"]),
            "broker_loss": (broker_loss > 0).sum(axis=1),
        },
        scalars={"paths_at_round_limit": 3, "draws_clipped": 0, "prices_floored": 0},
        checkpoints={
            "paths": marks,
            "mean_loss": np.stack([loss[:, :m].mean(axis=1) for m in marks]),
            "var": np.stack([np.repeat(loss[:, :m].min(axis=1)[:, None], 3, axis=1) for m in marks]),
            "es": np.stack([np.repeat(loss[:, :m].max(axis=1)[:, None], 3, axis=1) for m in marks]),
        },
        sample=sample,
        timeline=Timeline(
            detail,
            quantiles,
            means,
            np.arange(STEPS),
            (parts.mean(axis=-1), parts.std(axis=-1) / np.sqrt(parts.shape[-1])),
            tables,
            slices,
        ),
        worst=worst_by("fund_loss"),
        worst_by_trough=worst_by("trough"),
        stored=table(np.arange(paths)) if stored else None,
        attrs={
            "seed": seed,
            "rng": "threefry2x32-20",
            "precision": "float32",
            "device": "cpu",
            "versions": {"levstress": "0.1.0"},
            "seconds": {"compile": 1.5, "simulate": 2.0},
            **attrs,
        },
    )
