"""The event behind a question about rare losses: what it is, and how many paths would check it."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from stress.results.answers.rare.dataset import GROUP, WEIGHTS
from stress.results.statistics.plain_check import LEAST_EXPECTED
from stress.results.terminal.cells import decimals, fixed, percent

PLAIN = "plain"  # component of a mixture
TO_SPARE = 1.1  # more paths than ten plain events are expected of, as the expectation has an error


def level_of(tree: xr.DataTree) -> float:
    """Of a VaR or an ES that is asked about."""
    return float(str(tree.attrs["asked"]).rpartition(",")[2].strip(" )"))


def event_of(tree: xr.DataTree) -> str:
    """What the event of a VaR or an ES is; "" where the question names its event itself."""
    if tree.attrs["kind"] not in ("var", "es"):
        return ""
    table, level = tree[GROUP].to_dataset(), level_of(tree)
    at = int(np.argmin(np.abs(table["level"].values - level)))
    value, error = (100 * float(table[name][at]) for name in ("var", "var_se"))
    where = "" if math.isnan(value) else f", {fixed(value, decimals(value, error, 3))} % of start NAV"
    whose = "the whole system" if tree.attrs["who"] == "system" else str(tree.attrs["who"])
    mean = " ES is the mean of these losses." if tree.attrs["kind"] == "es" else ""
    rare = percent(float(f"{1 - level:.6g}"))
    return f"The event: {whose} loses more than its VaR {percent(level)}{where}, as on {rare} of paths.{mean}"


def paths_to_check(tree: xr.DataTree) -> int | None:
    """How many paths have enough plain ones for the check of a tilt, two digits, rounded up; None: not known.

    As many times these as ten plain events are more than are expected of them.
    """
    expected, paths = float(tree[WEIGHTS]["plain_expected"]), int(tree.attrs["paths"])
    if not expected > 0:
        return None
    wanted = TO_SPARE * LEAST_EXPECTED / expected * paths
    size = 10.0 ** (math.floor(math.log10(wanted)) - 1)
    return round(math.ceil(round(wanted / size, 6)) * size)
