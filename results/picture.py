"""Pictures of the loss distributions against the book held still: for a terminal, and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]
BLOCKS = " ▁▂▃▄▅▆▇█"
NARROWEST = 24  # columns of a terminal picture
PANEL_BINS = 90
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


def loss_picture(tree: xr.DataTree, width: int) -> str:
    """Distributions in block characters, at most `width` columns wide and legible without colour.

    Two lines a fund on one axis: its loss, and below it that of the start book held still.
    """
    funds = fund_names(tree)
    level = f"{100 * reference_level(tree):g} %"
    name_width = min(max(len(name) for name in [*funds, "whole system"]), 22)
    columns = max(width - name_width - 11, NARROWEST)
    low, high = loss_range(tree, funds)
    edges = np.linspace(low, high, columns + 1)
    indent = " " * (name_width + 11)
    lines = [
        "Loss distributions, % of start NAV: each fund, and below it the start book held still",
        "(height: square root of the share of paths; all but 0.1 % of the paths of a fund are shown)"[:width],
        "",
        f"{'':<{name_width}} {'ES ' + level:>9}",
    ]
    for fund in funds:
        shown = curve(tree, fund, edges)
        peak = max(float(shown.loss.max()), float(shown.static.max()))
        label = "whole system" if fund == "system" else fund
        lines.append(f"{label[:name_width]:<{name_width}} {_percent(shown.es):>7} %  {_blocks(shown.loss, peak)}")
        lines.append(f"{' held still':<{name_width}} {_percent(shown.es_static):>7} %  {_blocks(shown.static, peak)}")
    lines += [indent + line for line in _axis(low, high, columns)]
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
        text = f"{tick:.10g}"
        start = max(at - len(text) // 2, 0)
        if start >= free and start + len(text) <= columns:
            numbers[start : start + len(text)] = text
            free = start + len(text) + 1
    return ["".join(ruler), "".join(numbers).rstrip()]


def _round_step(wanted: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `wanted`."""
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= wanted * (1 - 1e-9)))


def save_distribution_plot(tree: xr.DataTree, path: Path) -> None:
    """Save small multiples of the loss densities, the twin's behind, as PNG or SVG by the suffix of `path`.

    Raises:
        ImportError: matplotlib is not installed (extra `report`).
        ValueError: matplotlib does not know the suffix.
    """
    from matplotlib.figure import Figure

    funds = fund_names(tree)
    across = 2 if len(funds) in (2, 4) else min(3, len(funds))
    down = -(-len(funds) // across)
    figure = Figure(figsize=(4.0 * across, 2.6 * down + 1.0), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False)
    for position, fund in enumerate(funds):
        _panel(axes.flat[position], tree, fund)
        if position + across >= len(funds):  # the lowest panel of its column
            axes.flat[position].set_xlabel("loss, % of start NAV", fontsize=9)
    for spare in list(axes.flat)[len(funds) :]:
        spare.axis("off")
    level = f"{100 * reference_level(tree):g} %"
    figure.suptitle(
        f"{tree.attrs['title']}: loss after {tree.attrs['steps']} steps, {tree.attrs['paths']:,} paths", fontsize=12
    )
    figure.supylabel("share of paths per percentage point (log scale)", fontsize=10)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    named = [label.replace("LEVEL", level) for label in labels]
    figure.legend(handles, named, loc="outside lower center", ncols=len(named), frameon=False, fontsize=9)
    figure.savefig(path, dpi=150)


def _panel(axis: Axes, tree: xr.DataTree, fund: str) -> None:
    low, high = loss_range(tree, [fund], outside=0.0001)
    edges = np.linspace(low, high, PANEL_BINS + 1)
    shown = curve(tree, fund, edges)
    width = edges[1] - edges[0]
    floor = 0.5 / int(tree.attrs["paths"]) / width  # below the density of a single path
    for series in (shown.loss, shown.static):
        floor = min(floor, float(series[series > 0].min(initial=1.0)) / width)
    static, loss = np.maximum(shown.static / width, floor), np.maximum(shown.loss / width, floor)
    axis.stairs(static, edges, baseline=floor, fill=True, color="0.8", label="start book held still")
    axis.stairs(loss, edges, baseline=floor, color="black", linewidth=1.2, label="with calls, sales and impact")
    axis.axvline(shown.var, color="0.25", linewidth=1.0, linestyle=":", label="VaR LEVEL")
    axis.axvline(shown.es, color="black", linewidth=1.0, linestyle="--", label="ES LEVEL")
    axis.set_yscale("log")
    axis.set_ylim(bottom=floor)
    axis.set_xlim(low, high)
    title = "whole system" if fund == "system" else fund
    axis.set_title(
        f"{title}: ES {_percent(shown.es)} % (held still {_percent(shown.es_static)} %)", fontsize=9, loc="left"
    )
    axis.tick_params(labelsize=8)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
