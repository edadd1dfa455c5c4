"""Pictures of the loss distributions against the book held still in the characters of a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

Floats = npt.NDArray[np.float64]
BLOCKS = " ▁▂▃▄▅▆▇█"
WIDEST, NARROWEST = 110, 24  # columns of a terminal picture
SERIES = ("loss", "loss_static")


@dataclass(frozen=True)
class Curve:
    """Shares of paths of one fund in equal steps of loss, and its risk at the level shown; losses in %."""

    fund: str
    loss: Floats
    static: Floats
    var: float
    es: float
    es_static: float


def reference_level(tree: xr.DataTree) -> float:
    """The level next to 99 %."""
    levels = [float(level) for level in tree["summary"].to_dataset()["level"].values if level > 0]
    return min(levels, key=lambda level: abs(level - 0.99))


def fund_names(tree: xr.DataTree) -> list[str]:
    """Funds in file order, then "system"."""
    return [str(fund) for fund in tree["distribution"].to_dataset()["fund"].values]


def loss_range(tree: xr.DataTree, funds: Sequence[str], outside: float = 0.0005) -> tuple[float, float]:
    """Losses in % between which all but `outside` of the paths lie on either side, for each of `funds` and its twin."""
    distribution = tree["distribution"].to_dataset()
    low, high = distribution["bin_low"].values, distribution["bin_high"].values
    ends = []
    for series in SERIES:
        for fund in funds:
            share = np.cumsum(distribution[series].sel(fund=fund).values)
            share = share / share[-1]
            first, last = np.searchsorted(share, outside, side="right"), np.searchsorted(share, 1 - outside)
            ends += [low[first], high[min(int(last), len(high) - 1)]]
    finite = np.array(ends)[np.isfinite(ends)]
    if not finite.size:
        return -1.0, 1.0
    bottom, top = 100 * float(finite.min()), 100 * float(finite.max())
    # A run without a draw has one loss only: one point either side shows where it is.
    return (bottom, top) if top - bottom > 0.5 else (bottom - 1.0, top + 1.0)


def curve(tree: xr.DataTree, fund: str, edges: Floats) -> Curve:
    """Shares of paths between `edges` (losses in %); a fine bin that straddles an edge is shared by length."""
    distribution, summary = tree["distribution"].to_dataset(), tree["summary"].to_dataset()
    low, high = 100 * distribution["bin_low"].values, 100 * distribution["bin_high"].values
    level = reference_level(tree)

    def shares(series: str) -> Floats:
        counts = distribution[series].sel(fund=fund).values
        bounded = np.isfinite(low) & np.isfinite(high)
        cumulative = np.concatenate([[0.0], np.cumsum(counts[bounded])])
        points = np.append(low[bounded], high[bounded][-1])
        return np.asarray(np.diff(np.interp(edges, points, cumulative)) / counts.sum())

    def risk(name: str) -> float:
        table = summary[f"system_{name}"] if fund == "system" else summary[name].sel(fund=fund)
        return 100 * float(table.sel(level=level))

    return Curve(fund, shares("loss"), shares("loss_static"), risk("var"), risk("es"), risk("es_static"))


def loss_picture(tree: xr.DataTree, width: int, funds: Sequence[str] | None = None) -> str:
    """Distributions in block characters, at most `width` columns wide and legible without colour.

    Two lines a fund (default: every fund, then the system) on one axis: its loss, and below it that of the start book
    held still.
    """
    funds = fund_names(tree) if funds is None else funds
    low, high = loss_range(tree, funds)

    def rows(edges: Floats) -> list[list[Row]]:
        shown = [curve(tree, fund, edges) for fund in funds]
        return [[Row(_label(x.fund), x.es, x.loss), Row(" held still", x.es_static, x.static)] for x in shown]

    title = "Loss distributions, % of start NAV: each fund, then its start book held still"
    return _drawn(title, rows, (low, high), [*map(_label, funds), " held still"], width, reference_level(tree))


def compared_picture(a: xr.DataTree, b: xr.DataTree, width: int) -> str:
    """The same of two results, for the funds that both have: the losses of A, and below them those of B."""
    funds = [fund for fund in fund_names(a) if fund in fund_names(b)]
    ends = [loss_range(tree, funds) for tree in (a, b)]

    def rows(edges: Floats) -> list[list[Row]]:
        pairs = [(curve(a, fund, edges), curve(b, fund, edges)) for fund in funds]
        return [[Row(_label(x.fund), x.es, x.loss), Row(" in B", y.es, y.loss)] for x, y in pairs]

    span = min(low for low, _ in ends), max(high for _, high in ends)
    title = "Loss distributions, % of start NAV: each fund in A, then in B"
    return _drawn(title, rows, span, [*map(_label, funds), " in B"], width, reference_level(a))


class Row(NamedTuple):
    """One line of a picture: ES in %, shares of paths by column."""

    label: str
    es: float
    share: Floats


def _label(fund: str) -> str:
    return "whole system" if fund == "system" else fund


def _drawn(
    title: str,
    rows: Callable[[Floats], list[list[Row]]],
    span: tuple[float, float],
    labels: Sequence[str],
    width: int,
    level: float,
) -> str:
    """Groups of rows over one axis; the rows of a group have one scale."""
    name_width = min(max(map(len, labels)), 22)
    columns = max(width - name_width - 11, NARROWEST)
    indent = " " * (name_width + 11)
    lines = [
        title,
        "(height: square root of the share of paths; all but 0.1 % of them are shown)",
        "",
        f"{'':<{name_width}} {f'ES {100 * level:g} %':>9}",
    ]
    for group in rows(np.linspace(*span, columns + 1)):
        peak = max(float(row.share.max()) for row in group)
        for row in group:
            label = f"{row.label[:name_width]:<{name_width}}"
            lines.append(f"{label} {_percent(row.es):>7} %  {_blocks(row.share, peak)}")
    lines += [indent + line for line in _axis(*span, columns)]
    return "\n".join(line[:width].rstrip() for line in lines)


def _percent(value: float) -> str:
    """One decimal, and never a negative zero."""
    return f"{round(value, 1) + 0.0:.1f}"


def _blocks(share: Floats, peak: float) -> str:
    """One character a column; any path at all shows at least the lowest block."""
    height = np.ceil(np.sqrt(share / peak) * 8 - 1e-9) if peak > 0 else np.zeros_like(share)
    return "".join(BLOCKS[int(h)] for h in np.clip(height, 0, 8))


def _axis(low: float, high: float, columns: int) -> list[str]:
    """A ruler with round numbers, and the numbers under it."""
    step = _round_step((high - low) / max(2, columns // 10))
    ruler, numbers = ["─"] * columns, [" "] * (columns + 8)
    free = 0
    for tick in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step:
        at = min(int((tick - low) / (high - low) * columns), columns - 1)
        ruler[at] = "┬"
        text = f"{tick + 0.0:.10g}"  # never a negative zero
        start = max(at - len(text) // 2, 0)
        if start >= free and start + len(text) <= columns:
            numbers[start : start + len(text)] = text
            free = start + len(text) + 1
    return ["".join(ruler), "".join(numbers).rstrip()]


def _round_step(wanted: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `wanted`."""
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= wanted * (1 - 1e-9)))
