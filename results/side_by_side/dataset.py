"""Several results as one dataset with the dimension `run`: every figure of each, and its difference to the first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset.compared import BY_FUND, BY_LEVEL, SYSTEM, compared
from stress.results.dataset.units import description

PARTS = {  # of `compared`, and what each is called here
    "difference": "less the first run",
    "difference_se": "standard error of the difference to the first run",
    "bound": "whether that error is an upper bound",
    "z": "difference to the first run over its standard error",
    "p": "p-value of the difference to the first run, adjusted for all differences of all runs",
}
PURE = ("bound", "z", "p")  # numbers without a unit


def side_by_side(trees: Mapping[str, xr.DataTree]) -> xr.Dataset:
    """The summaries of some results, and what differs from the first.

    Differences and their errors are those of `compared` of each with the first: paired where seeds allow it.

    Args:
        trees: results by the name of the run; at least two.

    Returns:
        Dims run, fund (those that any run has in the order in which they come, then groups of funds as in `compared`,
        "system" last) and level (of any run; 0 = the mean). For every NAME of BY_LEVEL (run, fund, level) and of
        BY_FUND (run, fund): NAME, NAME_se, and NAME_PART for PARTS, NaN of the first run and where a run lacks the
        fund or level. NAME_p is that of `compared` times the number of other runs (Bonferroni), at most 1. Attributes,
        as JSON lists by run: seeds, paths, paired_paths with the first (0: not paired); differences, a count.
    """
    first, *others = trees
    pairs = {name: compared(trees[first], trees[name]) for name in others}
    summaries = {name: tree["summary"].to_dataset() for name, tree in trees.items()}
    plain = list(dict.fromkeys(str(x) for one in summaries.values() for x in one["fund"].values))
    groups = [x for pair in pairs.values() for x in map(str, pair["fund"].values) if x not in (*plain, SYSTEM)]
    funds = [*plain, *dict.fromkeys(groups), SYSTEM]
    levels = sorted({float(x) for one in summaries.values() for x in one["level"].values})
    data: dict[str, Any] = {}
    for name in (*BY_LEVEL, *BY_FUND):
        units, long_name = description(name)
        dims = ("run", "fund", "level") if name in BY_LEVEL else ("run", "fund")
        labels: dict[str, Sequence[Any]] = {"fund": funds, "level": levels} if name in BY_LEVEL else {"fund": funds}
        for suffix, text in (("", long_name), ("_se", f"standard error of {long_name}")):
            columns = [_own(summaries[run], f"{name}{suffix}", labels) for run in trees]
            if not suffix:
                columns = [_with_groups(column, pairs, name, labels, at) for at, column in enumerate(columns)]
            data[f"{name}{suffix}"] = (dims, np.stack(columns), {"units": units, "long_name": text})
        for part, text in PARTS.items():
            found = [_of_pair(pair, f"{name}_{part}", labels) for pair in pairs.values()]
            if part == "p":
                found = [np.minimum(values * len(others), 1.0) for values in found]
            table = np.stack([np.full_like(found[0], np.nan), *found])
            attrs = {"units": "1" if part in PURE else units, "long_name": f"{text}: {long_name}"}
            data[f"{name}_{part}"] = (dims, table, attrs)
    coords = {
        "run": (
            "run",
            list(trees),
            {"units": "1", "long_name": "run, the first being what the others are held against"},
        ),
        "fund": ("fund", funds, dict(zip(("units", "long_name"), description("fund"), strict=True))),
        "level": ("level", levels, dict(zip(("units", "long_name"), description("level"), strict=True))),
    }
    about = {
        "seeds": json.dumps([str(tree.attrs.get("seed")) for tree in trees.values()]),
        "paths": json.dumps([int(tree.attrs["paths"]) for tree in trees.values()]),
        "titles": json.dumps([str(tree.attrs.get("title") or tree.attrs.get("name")) for tree in trees.values()]),
        "paired_paths": json.dumps([0, *(int(pair.attrs["paired_paths"]) for pair in pairs.values())]),
        "differences": sum(int(pair.attrs["differences"]) for pair in pairs.values()),
    }
    return xr.Dataset(data, coords, about)


def _own(summary: xr.Dataset, name: str, labels: Mapping[str, Sequence[Any]]) -> npt.NDArray[np.float64]:
    """A variable of one summary, the system last, NaN where it lacks a label."""
    of_funds = summary[name].reset_coords(drop=True).astype(float).reindex({dim: list(x) for dim, x in labels.items()})
    values = of_funds.transpose(*labels).values.copy()
    system = summary[f"system_{name}"].reset_coords(drop=True).astype(float)
    values[-1] = system.reindex(level=list(labels["level"])).values if "level" in labels else system.values
    return np.asarray(values, np.float64)


def _of_pair(pair: xr.Dataset, name: str, labels: Mapping[str, Sequence[Any]]) -> npt.NDArray[np.float64]:
    found = pair[name].reset_coords(drop=True).astype(float).reindex({dim: list(x) for dim, x in labels.items()})
    return np.asarray(found.transpose(*labels).values, np.float64)


def _with_groups(
    own: npt.NDArray[np.float64],
    pairs: Mapping[str, xr.Dataset],
    name: str,
    labels: Mapping[str, Sequence[Any]],
    at: int,
) -> npt.NDArray[np.float64]:
    """The figures of one run, those of groups from where it is compared with the first."""
    some = list(pairs.values()) if at == 0 else [list(pairs.values())[at - 1]]
    for pair in some:
        there = _of_pair(pair, f"{name}_{'a' if at == 0 else 'b'}", labels)
        own = np.where(np.isnan(own), there, own)
    return own
