"""The group `start` by loops over books, and an overlay: it holds nothing yet, so a file without it starts alike."""

from __future__ import annotations

import math
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from scenario_example import full_example, problem_of
from stress.results.dataset.start import start
from stress.scenarios.problem import Problem
from stress.scenarios.start import start_table

OVERLAY = "tail"


def scenario(overlay: bool) -> Problem:
    document: dict[str, Any] = full_example()
    for asset in document["assets"]:
        asset["in_net"] = asset["id"] != "bonds"
    if not overlay:
        books = document["funds"][0]["books"]
        document["funds"][0]["books"] = [book for book in books if book["id"] != OVERLAY]
    return problem_of(document)


def group(problem: Problem) -> xr.Dataset:
    output: Any = SimpleNamespace(problem=problem)
    return start(output)


def test_an_overlay_holds_nothing_at_the_start() -> None:
    with_one, without = scenario(overlay=True), scenario(overlay=False)
    assert sum(book.endswith(OVERLAY) for book in with_one.books.ids) == 4
    xr.testing.assert_allclose(group(with_one), group(without), rtol=1e-12)
    one, other = start_table(with_one), start_table(without)
    for item in fields(one):
        here, there = getattr(one, item.name), getattr(other, item.name)
        if isinstance(here, np.ndarray):
            np.testing.assert_allclose(here, there, rtol=1e-9, err_msg=item.name)
        else:
            assert here == there


def test_every_figure_by_loops() -> None:
    problem = scenario(overlay=True)
    table, funds, books, assets = group(problem), problem.funds, problem.books, problem.assets
    net: dict[str, dict[str, float]] = {kind: dict.fromkeys(assets.ids, 0.0) for kind in funds.types}
    gross: dict[str, dict[str, float]] = {kind: dict.fromkeys(assets.ids, 0.0) for kind in funds.types}
    for b, book in enumerate(books.ids):
        if book.endswith(OVERLAY):
            continue
        kind = funds.types[funds.type_of[books.fund_of[b]]]
        for a, asset in enumerate(assets.ids):
            usd = float(books.size[b] * books.shapes[books.shape_of[b], a])
            net[kind][asset] += usd
            gross[kind][asset] += abs(usd)
    nav = {kind: float(funds.nav[funds.type_of == k].sum()) for k, kind in enumerate(funds.types)}
    depth = {asset: assets.adv[a] / (assets.impact_vol[a] / math.sqrt(252.0)) for a, asset in enumerate(assets.ids)}
    adv = dict(zip(assets.ids, assets.adv, strict=True))
    counted = [asset for asset, counts in zip(assets.ids, assets.in_net, strict=True) if counts]
    assert "bonds" not in counted

    def told(name: str, **at: str) -> float:
        return float(table[name].sel(at))

    for kind in funds.types:
        assert told("gross", fund_type=kind) == pytest.approx(sum(gross[kind].values()) / nav[kind])
        assert told("net", fund_type=kind) == pytest.approx(sum(net[kind][a] for a in counted) / nav[kind])
        for asset in assets.ids:
            at = {"fund_type": kind, "asset": asset}
            assert told("position_usd", **at) == pytest.approx(net[kind][asset])
            assert told("gross_position_usd", **at) == pytest.approx(gross[kind][asset])
            assert told("days_of_volume", **at) == pytest.approx(abs(net[kind][asset]) / adv[asset])
        for other in funds.types:
            at = {"fund_type": kind, "with_type": other}
            product = sum(net[kind][a] * net[other][a] for a in assets.ids)
            lengths = math.hypot(*net[kind].values()) * math.hypot(*net[other].values())
            assert told("overlap", **at) == pytest.approx(product / lengths)
            weighted = sum(net[kind][a] * net[other][a] / depth[a] for a in assets.ids)
            assert told("liquidity_overlap_usd", **at) == pytest.approx(weighted)
    for asset in assets.ids:
        together = sum(gross[kind][asset] for kind in funds.types)
        assert told("held_usd", asset=asset) == pytest.approx(together)
        assert told("held_days", asset=asset) == pytest.approx(together / adv[asset])
    whole = sum(nav.values())
    assert told("system_gross") == pytest.approx(sum(sum(gross[kind].values()) for kind in gross) / whole)
    assert told("system_net") == pytest.approx(sum(net[kind][a] for kind in net for a in counted) / whole)
