"""`tree.stress.plot`: every figure as a method."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec, cast

import xarray as xr

from stress.results import plot
from stress.results.answers.ablation.figure import ablation
from stress.results.answers.rare.figure import rare
from stress.results.answers.reverse.figure import reverse
from stress.results.answers.sensitivity.figure import sensitivity
from stress.results.answers.sweep.figure import sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")


class Drawn(Generic[P]):
    """A function of a tree, as a method of whatever holds the tree."""

    def __init__(self, draw: Callable[Concatenate[xr.DataTree, P], Axes]) -> None:
        self._draw = draw

    def __get__(self, plots: Plots, owner: type[Plots]) -> Callable[P, Axes]:
        return cast("Callable[P, Axes]", MethodType(self._draw, plots.tree))


class Plots:
    """Figures of a result; each takes and gives matplotlib axes, `ax.figure` is the figure.

    Example:
        >>> tree.stress.plot.leverage("macro", kind="net")  # doctest: +SKIP
    """

    ablation = Drawn(ablation)
    amplification = Drawn(plot.amplification)
    attribution = Drawn(plot.attribution)
    brokers = Drawn(plot.brokers)
    contributions = Drawn(plot.contributions)
    convergence = Drawn(plot.convergence)
    crowding = Drawn(plot.crowding)
    distribution = Drawn(plot.distribution)
    heatmap = Drawn(plot.heatmap)
    leverage = Drawn(plot.leverage)
    reverse = Drawn(reverse)
    sales = Drawn(plot.sales)
    sensitivity = Drawn(sensitivity)
    rare = Drawn(rare)
    sweep = Drawn(sweep)
    timeline = Drawn(plot.timeline)

    def __init__(self, tree: xr.DataTree) -> None:
        self.tree = tree
