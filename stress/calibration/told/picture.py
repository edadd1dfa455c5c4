"""Quantiles of what was seen against those of the fitted laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from stress.calibration.calibration import Calibration
from stress.results.plot import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 400  # of each curve


@style.in_style
def quantiles(found: Calibration, ax: Axes | None = None) -> Axes:
    """Returns over their volatility, all names together, against the Student-t that was fitted to GARCH residuals.

    Raises:
        ImportError: matplotlib is not installed.
    """
    ax = style.new_axes(ax, height=4.2)
    dof = found.dof_garch.dof
    law = stats.t(dof, scale=np.sqrt((dof - 2) / dof))
    count = found.residuals["raw"].size
    low = np.geomspace(0.5 / count, 0.5, POINTS // 2)
    at = np.unique(np.concatenate([low, 1 - low]))
    x = law.ppf(at)
    for n, (kind, text) in enumerate((("raw", "constant"), ("ewma", "EWMA"), ("garch", "GARCH"))):
        seen = found.residuals[kind] / found.residuals[kind].std(axis=0)
        y = np.quantile(seen, at)
        ax.plot(x, y, style.MARKS[n], color=style.COLOURS[n], markersize=2.5, label=f"{text} volatility")
    ax.plot(x, x, color=style.MIDDLE, linestyle="-", linewidth=0.8, label=f"Student-t, dof {dof:.1f}")
    ax.plot(x, stats.norm.ppf(at), color=style.MIDDLE, linestyle="--", linewidth=0.8, label="normal")
    ax.set_xlabel("quantile of the Student-t, standard deviations")
    ax.set_ylabel("seen")
    style.title(ax, "Returns over their volatility", f"{len(found.history.names)} names together")
    style.legend(ax)
    return ax
