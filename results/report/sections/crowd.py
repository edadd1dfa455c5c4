"""Who starts with the same positions, and what prime brokers lose."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from stress.results.plot import brokers as plot_brokers
from stress.results.plot import crowding as plot_crowding
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Cell, Folded, Gallery, Picture, Row, Section, Table, Text, absent
from stress.results.report.numbers import cell, plain, shown
from stress.results.report.parts_of_result import find, labels, pair
from stress.results.report.risk import Risk
from stress.results.terminal.cells import money_unit, percent

CROWDING, BROKERS = "Crowding of the start books", "Losses of prime brokers"
MOST_ASSETS = 30


def crowding(tree: xr.DataTree) -> Section:
    """Cosine of start positions for each pair of fund types, and the assets that are held most against their volume."""
    overlap, spilled = (
        find(tree, "start", name, "fund_type", "with_type") for name in ("overlap", "liquidity_overlap_usd")
    )
    if overlap is None or spilled is None:
        return absent("crowding", CROWDING, "This result does not hold the start books.")
    types = labels(overlap, "fund_type")
    pairs = {(a, b): float(overlap.sel(fund_type=a, with_type=b)) for i, a in enumerate(types) for b in types[i + 1 :]}
    known = {pair: value for pair, value in pairs.items() if np.isfinite(value)}
    held = _folded(_held(tree))
    if not known:
        alone = Text("There are no two fund types whose books could be compared.", quiet=True)
        return Section("crowding", CROWDING, [alone, *held])
    most, least = max(known, key=lambda pair: known[pair]), min(known, key=lambda pair: known[pair])
    says = (
        f"Most alike are {most[0]} and {most[1]} ({shown(known[most])}), most opposed {least[0]} and {least[1]} "
        f"({shown(known[least])})."
    )
    lead = Text(
        "Cosine of the angle between the start positions in USD of two fund types: 1 when they hold the same things in "
        f"the same proportions, 0 when nothing in common, −1 when one is short what the other is long. {says}"
    )
    rows = tuple(Row(a, tuple(Cell(shown(float(overlap.sel(fund_type=a, with_type=b)))) for b in types)) for a in types)
    picture = Picture(
        "crowding",
        "Overlap of start positions",
        drawn("crowding", "Crowding map", f"Overlap of {len(types)} fund types. {says}", lambda: plot_crowding(tree)),
        Table("Overlap of start positions (cosine)", ("Fund type", *types), rows),
        plotly_twins.heat(overlap, 1, "cosine"),
    )
    return Section("crowding", CROWDING, [lead, Gallery((picture,)), *_folded(_spilled(spilled, types)), *held])


def _folded(table: Table | None) -> list[Folded]:
    return [] if table is None else [Folded(table.caption, (table,))]


def _spilled(values: xr.DataArray, types: list[str]) -> Table:
    unit, scale = money_unit(values.values.ravel())
    rows = tuple(
        Row(a, tuple(Cell(shown(float(values.sel(fund_type=a, with_type=b)), scale)) for b in types)) for a in types
    )
    return Table(f"What one fund type loses when the other sells all it holds, {unit}", ("Fund type", *types), rows)


def _held(tree: xr.DataTree) -> Table | None:
    amounts, days = (find(tree, "start", name, "asset") for name in ("held_usd", "held_days"))
    if amounts is None or days is None:
        return None
    order = sorted(labels(days, "asset"), key=lambda asset: -float(days.sel(asset=asset)))
    unit, scale = money_unit(amounts.values)
    rows = tuple(
        Row(x, (Cell(shown(float(amounts.sel(asset=x)), scale, 1)), Cell(shown(float(days.sel(asset=x))))))
        for x in order[:MOST_ASSETS]
    )
    left = f"{len(order) - MOST_ASSETS} more assets, each held less." if len(order) > MOST_ASSETS else ""
    heads = ("Asset", f"Long plus short, {unit}", "Days of average volume")
    return Table("What all funds hold at the start, against the volume of the market", heads, rows, left)


def brokers(tree: xr.DataTree) -> Section:
    """What is left unpaid when a fund's equity is gone."""
    risk = Risk(tree)
    at = f"ES {percent(risk.level)}" if risk.random else "Loss"
    mean = pair(tree, "summary", "broker_loss_mean", "prime_broker")
    prob = pair(tree, "summary", "broker_loss_prob", "prime_broker")
    tail = pair(tree, "summary", "broker_loss_es", "prime_broker", "level")
    if mean is None or prob is None or tail is None or not mean[0].size:
        return absent("brokers", BROKERS, "The funds of this scenario have no prime brokers.")
    if not float(mean[0].max()) > 0:
        return absent("brokers", BROKERS, _none_loses(tree, risk))
    names = labels(mean[0], "prime_broker")
    es = tuple(part.sel(level=risk.level) for part in tail)
    unit, scale = money_unit(es[0].values)
    mean_unit, mean_scale = money_unit(mean[0].values)
    worst = str(es[0]["prime_broker"].values[int(np.argmax(es[0].values))])
    measure = at if risk.random else at.lower()
    says = (
        f"The largest {measure} is that of {worst}: {shown(float(es[0].max()), scale)} {unit}; together the brokers "
        f"lose {shown(float(mean[0].sum()), mean_scale)} {mean_unit}{' on average' if risk.random else ''}."
    )

    columns: dict[str, tuple[tuple[xr.DataArray, ...], float]]
    columns = {"P of a loss, %": (prob, 100.0), f"Mean, {mean_unit}": (mean, mean_scale)} if risk.random else {}
    columns[f"{at}, {unit}"] = (es, scale)

    def row(broker: str) -> Row:
        return Row(
            broker,
            tuple(
                cell(float(values.sel(prime_broker=broker)), float(errors.sel(prime_broker=broker)), factor, 3)
                for (values, errors), factor in columns.values()
            ),
        )

    heads = ("Prime broker", *columns)
    table = Table("Losses of prime brokers on defaulted funds", heads, tuple(map(row, names)))
    picture = Picture(
        "brokers",
        f"{at} of each",
        drawn("brokers", BROKERS, says, lambda: plot_brokers(tree)),
        table,
        plotly_twins.bars(names, _scaled(es[0], names, scale), _scaled(es[1], names, scale), f"{at}, {unit}"),
    )
    return Section("brokers", BROKERS, [Text(says), Gallery((picture,))])


def _none_loses(tree: xr.DataTree, risk: Risk) -> str:
    """With the largest probability that this leaves possible: the result's interval, or 3 over the number of paths."""
    if not risk.random:
        return "No prime broker loses."
    high = find(tree, "summary", "broker_loss_prob_ci_high", "prime_broker")
    bound = math.nan if high is None else float(high.max())
    if not (math.isfinite(bound) and bound > 0):
        bound = 3.0 / int(tree.attrs["paths"])
    return (
        f"No prime broker loses on any of the {int(tree.attrs['paths']):,} paths. With 95 % confidence, the "
        f"probability that a given one does is below {plain(100 * bound, 2)} %."
    )


def _scaled(values: xr.DataArray, names: list[str], scale: float) -> list[float]:
    return [scale * float(values.sel(prime_broker=name)) for name in names]
