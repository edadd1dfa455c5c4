"""A fan of leverage by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from stress.results.plot import style
from stress.results.plot.drawing import labels
from stress.results.plot.drawing.choice import at, group, variable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TONES = (style.PALE, style.LIGHT, style.MIDDLE)  # from the widest band to the narrowest


@style.in_style
def leverage(
    tree: xr.DataTree, fund: str = labels.SYSTEM, kind: Literal["gross", "net"] = "gross", ax: Axes | None = None
) -> Axes:
    """Quantiles of gross or net leverage of `fund` at the end of each step: the median, bands around it.

    Leverage is infinite on paths where positions are held without equity: bands that hold such paths run out at the
    top, and the figure says so.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such fund or kind.
    """
    if kind not in ("gross", "net"):
        raise ValueError(f"no leverage {kind!r}; there are gross, net")
    line = group(tree, "timeline")
    values = at(variable(line, f"{kind}_leverage", [("step", "quantile", "fund")]), "fund", fund)
    ax = style.new_axes(ax, height=3.4)
    steps, quantiles = line["step"].values.astype(np.float64), [float(q) for q in values["quantile"].values]
    finite = values.values[np.isfinite(values.values)]
    top, bottom = (float(finite.max()), float(finite.min())) if finite.size else (1.0, 0.0)
    room = 0.08 * max(top - bottom, 0.02 * abs(top), 0.01)
    top, bottom = top + room, bottom - room
    lower = [q for q in quantiles if q < 0.5 and any(abs(1 - q - other) < 1e-9 for other in quantiles)]
    for position, low in enumerate(lower):
        high = next(other for other in quantiles if abs(1 - low - other) < 1e-9)
        lower_edge, upper_edge = (np.clip(values.sel(quantile=q).values, bottom, top) for q in (low, high))
        tone = TONES[min(position, len(TONES) - 1)]
        text = f"{100 * low:g} to {100 * high:g} % of paths"
        ends = steps if len(steps) > 1 else np.array([steps[0] - 0.25, steps[0] + 0.25])
        lower_edge, upper_edge = (np.broadcast_to(edge, ends.shape) for edge in (lower_edge, upper_edge))
        ax.fill_between(ends, lower_edge, upper_edge, color=tone, edgecolor=style.DARK, linewidth=0.4, label=text)
    if 0.5 in quantiles:
        median = np.clip(values.sel(quantile=0.5).values, bottom, top)
        ax.plot(steps, median, color=style.BLACK, marker="o", label="median")
    ax.set_ylim(bottom, top)
    style.title(ax, f"{labels.name(fund)}: {kind} leverage")
    ax.set_ylabel("multiple of NAV")
    ax.set_xlabel("step")
    style.whole_steps(ax, steps)
    endless = [int(step) for step, row in zip(steps, values.values, strict=True) if np.isinf(row).any()]
    if endless:
        style.note(ax, f"Off the top, no equity left: step {labels.ranges(endless)}.")
    style.legend(ax)
    return ax
