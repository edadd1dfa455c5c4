"""Loss densities with their VaR and ES, the start book held still behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import labels
from stress.results.plot.drawing.choice import at, estimate, group
from stress.results.terminal.picture import Curve, curve, fund_names, loss_range, reference_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CURVES = 0.55  # share of the height of axes that were given; the legend stands above the curves, and hides none
BINS = 91  # odd: a loss that all paths share stands in the middle of a bin
STATIC, LOSS = "start book held still", "with calls, sales and impact"


@style.in_style
def distribution(tree: xr.DataTree, fund: str = labels.SYSTEM, ax: Axes | None = None) -> Axes:
    """Density of the loss of `fund` in % of its start NAV, that of the start book held still behind it.

    VaR and ES at the level next to 99 % stand as lines, their 95 % confidence intervals as bands. The vertical axis is
    logarithmic; all but 0.02 % of the paths are shown.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such fund.
    """
    at(group(tree, "distribution")["loss"], "fund", fund)
    ax = style.new_axes(ax, height=3.9)
    level = reference_level(tree)
    risks = {name: estimate(tree, name, fund, level) for name in ("var", "es")}
    named = {name: _risk_text(name.replace("es", "ES").replace("var", "VaR"), level, risks[name]) for name in risks}
    shown = _panel(ax, tree, fund, named)
    for risk, tone in ((risks["var"], style.LIGHT), (risks["es"], style.MIDDLE)):
        if np.isfinite([risk["low"], risk["high"]]).all():
            ax.axvspan(100 * risk["low"], 100 * risk["high"], color=tone, alpha=0.4, linewidth=0, zorder=0.5)
    style.title(ax, f"{labels.name(fund)}: loss after {tree.attrs['steps']} steps")
    ax.set_xlabel(f"loss, % of start NAV; ES of the book held still {labels.percent(shown.es_static / 100)}")
    ax.set_ylabel("share per % point (log scale)")
    if style.own_figure(ax) is None:
        low, high = ax.get_ylim()
        ax.set_ylim(low, low * (high / low) ** (1 / CURVES))
    style.legend(ax, "upper right")
    return ax


@style.in_style
def distributions(tree: xr.DataTree) -> Figure:
    """The loss densities of all funds and of the system side by side, in file order.

    Raises:
        ImportError: matplotlib is not installed.
    """
    from stress.results.plot.drawing.sheet import Sheet

    funds = fund_names(tree)
    across = 2 if len(funds) in (2, 4) else min(3, len(funds))
    down = -(-len(funds) // across)
    figure = Sheet(figsize=(4.0 * across, 2.6 * down + 1.0), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False)
    level = labels.level_name(reference_level(tree))
    for position, fund in enumerate(funds):
        ax = style.new_axes(axes.flat[position])
        shown = _panel(ax, tree, fund, {"var": f"VaR {level}", "es": f"ES {level}"})
        es, still = labels.percent(shown.es / 100), labels.percent(shown.es_static / 100)
        ax.set_title(f"{labels.name(fund)}: ES {es} (held still {still})", fontsize=9, fontweight="normal")
        if position + across >= len(funds):  # the lowest panel of its column
            ax.set_xlabel("loss, % of start NAV")
    for spare in list(axes.flat)[len(funds) :]:
        spare.axis("off")
    heading = f"{labels.literal(str(tree.attrs['title']))}: loss after {tree.attrs['steps']} steps"
    figure.suptitle(f"{heading}, {tree.attrs['paths']:,} paths", fontsize=12)
    figure.supylabel("share of paths per percentage point (log scale)", fontsize=10)
    handles, texts = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=len(texts))
    return figure


def _risk_text(name: str, level: float, risk: dict[str, float]) -> str:
    text = f"{name} {labels.level_name(level)}: {labels.percent(risk['value'], 2)}"
    if np.isfinite([risk["low"], risk["high"]]).all():
        return f"{text} (95 % interval {labels.percent(risk['low'], 2)} to {labels.percent(risk['high'], 2)})"
    return f"{text} (no interval: too few paths)"


def _panel(ax: Axes, tree: xr.DataTree, fund: str, named: dict[str, str]) -> Curve:
    """Both densities and the lines of VaR and ES, under the names `named`."""
    low, high = loss_range(tree, [fund], outside=0.0001)
    edges = np.linspace(low, high, BINS + 1)
    shown = curve(tree, fund, edges)
    width = edges[1] - edges[0]
    floor = 0.3 / int(tree.attrs["paths"]) / width  # below the density of a single path
    static, loss = np.maximum(shown.static / width, floor), np.maximum(shown.loss / width, floor)
    ax.stairs(static, edges, baseline=floor, fill=True, color=style.PALE, label=STATIC)
    ax.stairs(loss, edges, baseline=floor, color=style.BLACK, linewidth=1.2, label=LOSS)
    ax.axvline(shown.var, color=style.DARK, linewidth=1.2, linestyle=":", label=named["var"])
    ax.axvline(shown.es, color=style.BLACK, linewidth=1.2, linestyle="--", label=named["es"])
    ax.set_yscale("log")
    ax.set_ylim(bottom=floor)
    ax.set_xlim(low, high)
    return shown
