"""A sealed result against the same run put together once more: every number, label and attribute, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from stress.results.files.store import SEALED_WITH

# Attributes of the root that say how a run was computed, not what came of it.
MAY_DIFFER = {"block_size", "computed_by", "device", "jax_version", "numpy_version", "seconds"}
# Of the options: `resume` may be on another machine, and takes the kind of device, "auto" or not, from the identity.
OF_A_MACHINE = {"device", "devices", "max_memory"}
TIMINGS = {"seconds", "phase"}  # of the group `diagnostics`
NAMED = 8  # differences that are told by name


def disagreements(sealed: xr.DataTree, rebuilt: xr.DataTree) -> list[str]:
    """What a result says that the rebuilt one does not, a line that names the variables; none when they agree.

    Args:
        sealed: as it was opened.
        rebuilt: as `to_datatree` makes it, from the same spec.
    """
    found = [*_attributes(sealed.attrs, rebuilt.attrs), *_groups(sealed, rebuilt)]
    if not found:
        return []
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return [f"the result has not what its run gives: {', '.join(found[:NAMED])}{more}"]


def _attributes(sealed: dict[Any, Any], rebuilt: dict[Any, Any]) -> Iterator[str]:
    for name in sorted({*sealed, *rebuilt} - MAY_DIFFER - SEALED_WITH, key=str):
        if _decisive(name, sealed.get(name)) != _decisive(name, rebuilt.get(name)):
            yield f"the attribute {name}"


def _decisive(name: str, value: Any) -> Any:
    """An attribute without what belongs to the machine."""
    if name != "options" or not isinstance(value, str):
        return value
    try:
        table = json.loads(value)
    except (RecursionError, ValueError):
        return value
    return {key: x for key, x in table.items() if key not in OF_A_MACHINE} if isinstance(table, dict) else value


def _groups(sealed: xr.DataTree, rebuilt: xr.DataTree) -> Iterator[str]:
    nodes = [{node.path.strip("/"): node for node in tree.subtree if node.path != "/"} for tree in (sealed, rebuilt)]
    for group in sorted({*nodes[0], *nodes[1]}):
        if group not in nodes[0] or group not in nodes[1]:
            yield f"the group {group}"
            continue
        one, other = (of[group].to_dataset(inherit=False) for of in nodes)
        if one.attrs != other.attrs:
            yield f"the attributes of {group}"
        skipped = TIMINGS if group == "diagnostics" else set()
        for name in sorted({*one.variables, *other.variables} - skipped, key=str):
            if not (name in one.variables and name in other.variables and _same(one[name], other[name])):
                yield f"{group}/{name}"


def _same(one: xr.DataArray, other: xr.DataArray) -> bool:
    """Same dimensions, attributes and values; of floating-point numbers the bits, of texts the letters."""
    if one.dims != other.dims or one.shape != other.shape or one.attrs != other.attrs:
        return False
    here, there = np.asarray(one.values), np.asarray(other.values)
    numbers = [array.dtype.kind in "fiub" for array in (here, there)]
    if not any(numbers):  # texts come back in another type than they left in
        return bool(here.tolist() == there.tolist())
    return here.dtype == there.dtype and here.tobytes() == there.tobytes()
