"""Parts of a result by name: None where a result does not have one, refused where it is not what the name says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from stress.results.files.store import DamagedRun

PATHS = ("paths", "shared")  # path by path: of no use on a page, and larger than all the rest


def load(tree: xr.DataTree) -> None:
    """Read all that a report shows, once.

    Raises:
        DamagedRun: a group cannot be read.
    """
    for name, group in tree.children.items():
        if name in PATHS:
            continue
        try:
            group.load()
        except Exception as error:  # of zarr and its codecs: whatever a damaged chunk leads them to
            raise DamagedRun(f"the group {name} cannot be read: {type(error).__name__}") from error


def find(tree: xr.DataTree, group: str, name: str, *dims: str) -> xr.DataArray | None:
    """A variable of numbers over `dims`; None where this result has no such variable.

    Raises:
        DamagedRun: it is there but by other dimensions, without their labels, or no numbers.
    """
    if group not in tree.children or name not in tree[group].data_vars:
        return None
    variable = tree[group].to_dataset()[name]
    if set(variable.dims) != set(dims) or variable.dtype.kind not in "fiub":
        raise DamagedRun(f"{group}/{name} is by {_listed(variable.dims)}, not numbers by {_listed(dims)}")
    for dim in dims:
        if dim != "bin" and (dim not in variable.coords or len(np.unique(variable[dim])) < variable.sizes[dim]):
            raise DamagedRun(f"{group}/{name} has no labels along {dim}, or the same one twice")
    return variable.transpose(*dims)


def pair(tree: xr.DataTree, group: str, name: str, *dims: str) -> tuple[xr.DataArray, xr.DataArray] | None:
    """A variable and its standard error, NaN where the result has none; None without the variable."""
    values, errors = find(tree, group, name, *dims), find(tree, group, f"{name}_se", *dims)
    if values is None:
        return None
    return values, xr.full_like(values, np.nan, dtype=float) if errors is None else errors


def labels(array: xr.DataArray, dim: str) -> list[str]:
    """The names along a dimension, in the order of the file."""
    return [str(label) for label in array[dim].values]


def attribute(tree: xr.DataTree, name: str, default: Any) -> Any:
    """A JSON attribute, which has to be of the kind of `default`; `default` where the result has none.

    Raises:
        DamagedRun: it is no JSON of that kind.
    """
    if name not in tree.attrs:
        return default
    try:
        value = json.loads(tree.attrs[name])
    except (TypeError, ValueError, RecursionError) as error:
        raise DamagedRun(f"the attribute {name} is no JSON") from error
    if not isinstance(value, type(default)):
        raise DamagedRun(f"the attribute {name} is no {type(default).__name__}")
    return value


def _listed(dims: Any) -> str:
    return " and ".join(map(str, dims)) or "nothing"
