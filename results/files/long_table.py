"""Labelled numbers as one long table: a row for each number, its labels, standard error and units in columns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

Columns = dict[str, list[Any]]  # None where a row has no such label

# Ending of a variable's name -> column. The first one names the number itself.
ESTIMATE = {"": "value", "_se": "se", "_ci_low": "ci_low", "_ci_high": "ci_high"}
DIFFERENCE = {
    "_a": "a",
    "_b": "b",
    "_difference": "difference",
    "_difference_se": "difference_se",
    "_bound": "bound",
    "_z": "z",
    "_p": "p",
}
SIDE_BY_SIDE = {
    "": "value",
    "_se": "se",
    "_difference": "difference",
    "_difference_se": "difference_se",
    "_bound": "bound",
    "_z": "z",
    "_p": "p",
}
LABELS = ("run", "fund", "asset", "prime_broker", "level", "step", "quantile", "component", "slice", "rank", "path_id")
IDENTIFIERS = ("path_id",)  # variables that are labels: 64-bit numbers that no float holds
FREE_TEXTS = ("asset_name",)  # labels for people, left out
SYSTEM_PREFIX = "system_"
OF_LEVELS_ALONE = ("var", "var_static", "broker_loss_var")  # level 0 stands for the mean, and a quantile has none


def long_table(groups: Mapping[str, xr.Dataset], parts: Mapping[str, str] = ESTIMATE) -> Columns:
    """The numbers of some groups of a result, one below the other.

    Args:
        groups: name -> dataset. A variable `system_NAME` beside NAME (fund, ...) becomes rows of NAME for "system".
        parts: ending of a variable's name -> column; variables that differ in the ending only share their rows.

    Returns:
        Columns of equal length: group, variable, the labels that occur (None where a number has no such label), those
        of `parts` (floats, None where there is no such variable), units.
    """
    blocks = [block for group, dataset in groups.items() for block in _blocks(group, dataset, parts)]
    found = {name for block in blocks for name in block}
    fixed = ("group", "variable", *parts.values(), "units")
    labels = [name for name in LABELS if name in found] + sorted(found - {*LABELS, *fixed})
    columns: Columns = {name: [] for name in ("group", "variable", *labels, *parts.values(), "units")}
    for block in blocks:
        rows = len(block["variable"])
        for name, column in columns.items():
            column += block.get(name, [None] * rows)
    return columns


def long_rows(groups: Mapping[str, xr.Dataset], parts: Mapping[str, str] = ESTIMATE) -> list[dict[str, Any]]:
    """The rows of the long table for JSON: labels that a number does not have are left out; not finite is None."""
    columns = long_table(groups, parts)
    rows = []
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        rows.append(
            {
                name: None if isinstance(value, float) and not math.isfinite(value) else value
                for name, value in row.items()
                if value is not None
            }
        )
    return rows


def _blocks(group: str, dataset: xr.Dataset, parts: Mapping[str, str]) -> Iterator[Columns]:
    dataset = dataset.set_coords([name for name in IDENTIFIERS if name in dataset])
    lead, *others = parts
    names = [str(name) for name in dataset.data_vars]
    for name in names:
        stem = name.removesuffix(lead)
        if not name.endswith(lead) or any(_is_part(name, end, lead, names) for end in others):
            continue
        members = {end: dataset[f"{stem}{end}"] for end in parts if f"{stem}{end}" in names}
        plain = stem.removeprefix(SYSTEM_PREFIX)
        if stem.startswith(SYSTEM_PREFIX) and f"{plain}{lead}" in names:
            members = {end: array.expand_dims(fund=["system"]) for end, array in members.items()}
            stem = plain
        yield _block(group, stem, members, parts)


def _is_part(name: str, end: str, lead: str, names: list[str]) -> bool:
    """Whether a variable is the standard error, say, of another one."""
    return name.endswith(end) and f"{name.removesuffix(end)}{lead}" in names


def _block(group: str, variable: str, members: Mapping[str, xr.DataArray], parts: Mapping[str, str]) -> Columns:
    if variable in OF_LEVELS_ALONE and all("level" in array.indexes for array in members.values()):
        members = {end: array.sel(level=array["level"] != 0) for end, array in members.items()}
    first = next(iter(members.values()))
    rows = first.size
    block: Columns = {"group": [group] * rows, "variable": [variable] * rows}
    for name, label in first.coords.items():
        if name not in FREE_TEXTS:
            block[str(name)] = label.broadcast_like(first).transpose(*first.dims).values.ravel().tolist()
    for end, array in members.items():
        block[parts[end]] = array.transpose(*first.dims).values.astype(np.float64).ravel().tolist()
    block["units"] = [str(first.attrs.get("units", ""))] * rows
    return block
