"""The loss distributions in block characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from stress.results.terminal.picture import SERIES, WIDEST, fund_names, loss_picture
from stress.results.terminal.views.view import View, figures, names, pick
from stress.scenarios.errors import ScenarioError

EDGES = ("bin_low", "bin_high")


def picture(tree: xr.DataTree, file: str, width: int, funds: Sequence[str] | None = None) -> View:
    """Losses of each fund and of its start book held still; the numbers behind them are paths by bin.

    Raises:
        ScenarioError: the result has no such fund, or no distribution to draw.
    """
    from rich.text import Text

    dataset = figures(tree, file, "distribution")
    if not _can_be_drawn(dataset):
        problem, allowed = "is no histogram by fund", "a result that is not damaged"
        raise ScenarioError(problem, file=file, key="distribution", allowed=allowed)
    pick(tree["summary"].to_dataset(), file, fund=[fund for fund in names(dataset, "fund") if fund != "system"])
    chosen = fund_names(tree) if funds is None else list(funds)
    kept = pick(dataset, file, fund=chosen)
    return View("picture", {"distribution": kept}, [Text(loss_picture(tree, min(width, WIDEST), chosen))])


def _can_be_drawn(dataset: xr.Dataset) -> bool:
    """Whether there are counts by fund and bin, in bins of finite width."""
    if "fund" not in dataset.indexes or any(name not in dataset.variables for name in (*SERIES, *EDGES)):
        return False
    if any(dataset[name].dims != ("fund", "bin") for name in SERIES) or any(
        dataset[name].dims != ("bin",) for name in EDGES
    ):
        return False
    edges = np.stack([dataset[name].values for name in EDGES])
    counted = all(bool((dataset[name].sum("bin") > 0).all()) for name in SERIES)
    return counted and bool(np.isfinite(edges).all(axis=0).any())
