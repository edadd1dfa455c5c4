"""The table of a run, and every number of the result that is not by path or by bin."""

from __future__ import annotations

import xarray as xr

from stress.results.terminal.summary_table import summary_table
from stress.results.terminal.views.view import View, figures

LARGE = ("distribution", "paths", "shared")


def summary(tree: xr.DataTree, file: str) -> View:
    """All groups but those with a number for each bin or path."""
    groups = {name: figures(tree, file, str(name)) for name in map(str, tree.children) if name not in LARGE}
    return View("summary", groups, [summary_table(tree)])
