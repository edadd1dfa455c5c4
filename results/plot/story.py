"""One path in five panels: prices, equity, leverage, margin calls and forced sales, moment by moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import labels
from stress.results.plot.drawing.choice import group, largest
from stress.results.story.summary import focus, heading

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stress.results.plot.drawing.choice import Floats

MOST = 5  # assets, and funds beside the system
MOST_MARKS = 60  # steps
WIDE = 10.0  # largest over smallest leverage
TALL = 11.5  # inches
SHARES = (3.0, 3.0, 2.2, 1.8, 2.6)  # of the height, by panel


@style.in_style
def story(tree: xr.DataTree, figure: Figure | None = None) -> Figure:
    """The story of a path from `stress.replay`.

    One unit of the horizontal axis is a step: its outside shock first, then each round of trades. Shown are the assets
    whose price moves most and the funds that lose or sell most, in USD; the bars name those with the largest amounts of
    their own panel, and the other funds are one bar.

    Args:
        tree: the story.
        figure: to draw into; None makes one.

    Raises:
        ImportError: matplotlib is not installed.
    """
    if figure is None:
        from stress.results.plot.drawing.sheet import Sheet

        figure = Sheet(figsize=(style.WIDTH * 1.25, TALL), layout="constrained")
    steps, rounds = group(tree, "steps"), group(tree, "rounds")
    panels = figure.subplots(len(SHARES), 1, sharex=True, height_ratios=SHARES)
    for ax in panels:
        style.new_axes(ax)
    times = _times(steps["rounds"].values)
    funds, others = _funds(tree)
    assets, left = largest(rounds["price"] - 1.0, "asset", MOST)
    _lines(panels[0], times, 100 * rounds["price"], "asset", assets, 100.0)
    panels[0].set_ylabel("price, start = 100")
    panels[0].set_title(f"Prices of the {len(assets)} assets that move most" if left else "Prices")
    shown = [*funds, labels.SYSTEM] if len(funds) > 1 else funds  # a single fund is the system
    _lines(panels[1], times, 100 * (1.0 - rounds["loss"]), "fund", shown, 100.0)
    panels[1].set_ylabel("equity, % of start NAV")
    panels[1].set_title("Equity of the funds that lose or sell most" if others else "Equity")
    _leverage(panels[2], times, rounds["gross_leverage"].sel(fund=shown), shown)
    for ax, name, title in ((panels[3], "called_usd", "Margin calls"), (panels[4], "forced_sales_usd", "Forced sales")):
        _bars(ax, steps[name], title, funds)
    count = steps.sizes["step"]
    for ax in panels:
        ax.set_xlim(0, count)
        for step in range(1, count) if count <= MOST_MARKS else ():
            ax.axvline(step, color=style.PALE, linewidth=0.7, zorder=0)
    _step_ticks(panels, count)
    title = labels.wrapped(labels.literal(heading(tree)), 60)
    figure.suptitle(title, fontsize=11, fontweight="bold", x=0.012, ha="left")
    return figure


def _funds(tree: xr.DataTree) -> tuple[list[str], list[str]]:
    """The fund that the path was chosen by, then in turns those that lose and those that sell most; and the others."""
    outcome = group(tree, "outcome").drop_sel(fund=labels.SYSTEM)
    lost = largest((outcome["fund_loss"] * outcome["nav_usd"]).clip(min=0), "fund", outcome.sizes["fund"])[0]
    sold = largest(outcome["forced_sales_usd"], "fund", outcome.sizes["fund"])[0]
    turns = [*focus(tree), *(fund for pair in zip(lost, sold, strict=True) for fund in pair)]
    every = list(dict.fromkeys(turns))
    return every[:MOST], every[MOST:]


def _times(rounds: npt.NDArray[np.int64]) -> list[Floats]:
    """Where the moments of each step stand: equally spaced, the last one where the next step begins."""
    return [step + np.arange(1, count + 2) / (count + 1) for step, count in enumerate(rounds.tolist())]


def _lines(
    ax: Axes,
    times: list[Floats],
    values: xr.DataArray,
    dim: str,
    names: list[str],
    begin: float | None,
    legend: bool = True,
) -> None:
    """A line for each of `names` from moment to moment; `begin` is the value before the first step."""
    positions = np.concatenate([[] if begin is None else [0.0], *times])
    for at, name in enumerate(names):
        one = values.sel({dim: name}).values
        path = np.concatenate(
            [[] if begin is None else [begin], *(row[: len(t)] for row, t in zip(one, times, strict=True))]
        )
        system = name == labels.SYSTEM
        ax.plot(
            positions,
            path,
            color=style.BLACK if system else style.COLOURS[at % len(style.COLOURS)],
            linestyle="-" if system else style.LINES[at % len(style.LINES)],
            linewidth=2.0 if system else 1.4,
            label=labels.name(name),
        )
    if begin is not None:
        ax.axhline(begin, color=style.LIGHT, linewidth=0.7, zorder=0)
    if legend:
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), borderaxespad=0.3, handlelength=2.4)


def _leverage(ax: Axes, times: list[Floats], gross: xr.DataArray, names: list[str]) -> None:
    """Gross leverage where there are positions and equity; on a logarithmic axis if one fund's dwarfs the others'."""
    from matplotlib.ticker import LogLocator, NullLocator

    there = gross.where(np.isfinite(gross) & (gross > 0))
    _lines(ax, times, there, "fund", names, None, legend=False)
    for line in ax.lines:
        there_is = np.isfinite(np.asarray(line.get_ydata(), np.float64))
        alone = there_is & ~np.append(False, there_is[:-1]) & ~np.append(there_is[1:], False)
        line.set(marker=".", markevery=np.flatnonzero(alone).tolist())  # a moment alone is no line
    ax.set_ylabel("gross leverage")
    ax.set_title("Gross leverage" + (" (none without equity)" if bool(np.isinf(gross).any()) else ""))
    if there.notnull().any() and float(there.max() / there.min()) > WIDE:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
        ax.set_ylabel("gross leverage\n(log scale)")


def _bars(ax: Axes, values: xr.DataArray, title: str, lines: list[str]) -> None:
    """Amounts by step of the funds that are largest here, on top of each other, in the colours of those with `lines`.

    A fund without a line takes a colour that no line has.
    """
    scale = labels.scale_of(values, values.sel(fund=labels.SYSTEM))
    position = np.arange(values.sizes["step"]) + 0.5
    below = np.zeros(len(position))
    single = values.drop_sel(fund=labels.SYSTEM)
    funds, others = largest(single, "fund", MOST)
    looks = _looks(funds, lines)
    parts = [(labels.name(fund), single.sel(fund=fund).values, *looks[fund]) for fund in funds]
    parts.append((f"{len(others)} others", single.sel(fund=others).sum("fund").values, "white", ""))
    for name, amount, colour, hatch in parts:
        if not amount.any():
            continue
        ax.bar(
            position,
            amount * scale.factor,
            width=0.7,
            bottom=below,
            color=colour,
            hatch=hatch,
            edgecolor=style.DARK,
            linewidth=0.5,
            label=name,
        )
        below = below + amount * scale.factor
    ax.set_ylabel(f"{scale.unit} per step")
    ax.set_title(title if below.any() else f"{title}: none")
    ax.set_ylim(0.0, 1.06 * float(below.max()) or 1.0)
    if below.any():
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), borderaxespad=0.3, reverse=True)


def _looks(funds: list[str], lines: list[str]) -> dict[str, tuple[str, str]]:
    """(colour, hatch) of each of `funds`: that of its line, or one that no line has."""
    spare = len(style.COLOURS) - MOST
    rest = [fund for fund in funds if fund not in lines]
    looks = {fund: (style.COLOURS[at], style.HATCHES[at]) for at, fund in enumerate(lines)}
    return looks | {
        fund: (style.COLOURS[MOST + at % spare], style.HATCHES[at % len(style.HATCHES)]) for at, fund in enumerate(rest)
    }


def _step_ticks(panels: npt.NDArray[np.object_], count: int) -> None:
    """The number of a step in its middle."""
    every = max(1, -(-count // 20))
    shown = np.arange(every, count + 1, every)
    panels[-1].set_xticks(shown - 0.5, [str(step) for step in shown])
    for ax in panels:
        ax.tick_params(axis="x", length=0)
    panels[-1].set_xlabel("step: its outside shock first, then its rounds of trades")
