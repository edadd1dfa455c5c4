"""When losses were above VaR, by model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

from stress.questions.backtest.table import horizons
from stress.results.plot import style
from stress.results.plot.drawing import labels

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@style.in_style
def exceptions(tree: xr.DataTree, fund: str = "", group: str = "", ax: Axes | None = None) -> Axes:
    """A row a model with a mark on every day on which the loss was above its VaR at the highest level.

    Args:
        tree: what `backtest` returned.
        fund: one of its funds; "" = the last, all of them together.
        group: a horizon, such as `days_10`; "" = the shortest.
        ax: axes to draw in.

    Raises:
        ImportError: matplotlib is not installed.
    """
    found = tree[group or horizons(tree)[0]].to_dataset().isel(level=-1)
    fund = fund or str(found["fund"].values[-1])
    one = found.sel(fund=fund)
    models = [str(model) for model in one["model"].values]
    ax = style.new_axes(ax, height=style.rows_height(len(models), 1.6))
    expected = float(one["expected_exceptions"][0])
    for n, model in enumerate(models):
        row = one.sel(model=model)
        beyond = row["loss"] > row["var"]
        ax.plot(one["day"].values[beyond.values], [n] * int(beyond.sum()), "|", color=style.LOSS, markersize=9)
        refused = " *" if float(row["conditional_coverage_p"]) < 0.05 else ""
        ax.text(1.01, n, f"{int(beyond.sum())}{refused}", transform=ax.get_yaxis_transform(), va="center")
    ax.set_yticks(range(len(models)), models)
    ax.set_ylim(len(models) - 0.5, -0.5)
    ax.set_xlim(one["day"].values[0], one["day"].values[-1])
    ax.tick_params(axis="x", rotation=30)
    level = labels.level_name(float(one["level"]))
    style.title(ax, f"{labels.name(fund)}: losses above VaR {level}", f"{expected:.1f} expected of each model")
    style.note(ax, "* coverage and independence are refused together at 5 %")
    return ax
