"""The groups `sweep` and `tipping` of the answer of a sweep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.answers.sweep.tipping import Bound, tipping_point
from stress.results.dataset.units import SUFFIXES, description

GROUP, TIPPING, SYSTEM = "sweep", "tipping", "system"
LEVEL = "level"
OF_DIMS = ("fund", LEVEL, "prime_broker")
PROBABILITY = "prob_added_loss"


class Swept(NamedTuple):
    """The points of a sweep and what came of them.

    Attributes:
        axes: name, key, multiplies, values of each.
        points: value of each axis, by its name.
        latin: whether they are no grid.
        arrays: of each point, see `stress.questions.sweep.sweep.simulated`; of an infeasible one why it is.
        bound: of the added loss.
        tipping_axis: along which a tipping point is looked for.
    """

    axes: list[dict[str, Any]]
    points: Sequence[Mapping[str, Any]]
    latin: bool
    arrays: Sequence[Mapping[str, npt.NDArray[Any]]]
    bound: Bound
    tipping_axis: str | None


def sweep_tree(swept: Swept, attrs: Mapping[str, Any], name: str) -> xr.DataTree:
    """The answer.

    Group `sweep`: the variables of `summary` and `prob_added_loss` with a dimension for each axis (of a Latin hypercube
    `point`) before those of `summary`, NaN where `infeasible`. Group `tipping`: by fund ("system" last) and the other
    axes, `tipping`, `tipping_ci_low`, `tipping_ci_high` and `searched_to`.
    """
    table = _sweep(swept)
    groups = {"/": xr.Dataset(attrs=_plain(attrs)), GROUP: table}
    if swept.tipping_axis is not None:
        groups[TIPPING] = _tipping(table, swept.tipping_axis, swept.bound)
    return xr.DataTree.from_dict(groups, name=name)


def _plain(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: json.dumps(value) if isinstance(value, dict | list) else value for key, value in attrs.items()}


def _sweep(swept: Swept) -> xr.Dataset:
    first = next(arrays for arrays in swept.arrays if "infeasible" not in arrays)
    names = [name.removeprefix("data/") for name in first if name.startswith("data/")]
    dims = json.loads(str(first["dims"])) | {
        f"{prefix}{PROBABILITY}{suffix}": [] if prefix else ["fund"]
        for prefix in ("", f"{SYSTEM}_")
        for suffix in ("", *SUFFIXES)
    }
    shape = [len(swept.points)] if swept.latin else [len(axis["values"]) for axis in swept.axes]
    over = ["point"] if swept.latin else [str(axis["name"]) for axis in swept.axes]
    data: dict[str, Any] = {}
    for name in names:
        like = first[f"data/{name}"]
        every = np.full((len(swept.points), *like.shape), np.nan)
        for number, arrays in enumerate(swept.arrays):
            if "infeasible" not in arrays:
                every[number] = arrays[f"data/{name}"]
        units, long_name = _described(name, swept.bound)
        values = every.reshape(*shape, *like.shape)
        data[name] = ([*over, *dims[name]], values, {"units": units, "long_name": long_name})
    why = np.array([str(arrays["infeasible"]) if "infeasible" in arrays else "" for arrays in swept.arrays])
    for name, values, text in (
        ("infeasible", (why != "").reshape(shape), "whether the scenario cannot start there"),
        ("reason", why.reshape(shape), "why it cannot"),
    ):
        data[name] = (over, values, {"units": "1", "long_name": text})
    return xr.Dataset(data, _coordinates(swept, first))


def _coordinates(swept: Swept, first: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    coords: dict[str, Any] = {}
    for name in OF_DIMS:
        if f"coord/{name}" in first:
            units, long_name = description(name)
            coords[name] = (name, first[f"coord/{name}"], {"units": units, "long_name": long_name})
    for axis in swept.axes:
        key, name = axis["key"], axis["name"]
        attrs = {"units": "1", "long_name": f"factor on {key}" if axis["multiplies"] else str(key)}
        values = [point[name] for point in swept.points] if swept.latin else axis["values"]
        plain = np.array([str(value) if isinstance(value, str | bool) else value for value in values])
        coords[name] = ("point" if swept.latin else name, plain, attrs)
    if swept.latin:
        numbers = np.arange(1, len(swept.points) + 1)
        coords["point"] = ("point", numbers, {"units": "1", "long_name": "number of the point"})
    return coords


def _described(name: str, bound: Bound) -> tuple[str, str]:
    """Units and long name of a variable."""
    plain = name.removeprefix(f"{SYSTEM}_")
    if not plain.startswith(PROBABILITY):
        return description(name)
    text = f"probability that trading adds more than {100 * bound.loss:g} % of start NAV to the loss"
    text = f"whole system: {text}" if plain != name else text
    suffix = plain.removeprefix(PROBABILITY)
    return "1", f"{SUFFIXES[suffix]} {text}" if suffix else text


def of_everybody(table: xr.Dataset, name: str) -> xr.DataArray:
    """A variable of the funds with the whole system as the last of them."""
    system = table[f"{SYSTEM}_{name}"].expand_dims(fund=[SYSTEM])
    funds = table[name].drop_vars([x for x in table[name].coords if x not in table[name].dims])
    system = system.drop_vars([x for x in system.coords if x not in system.dims])
    every = xr.concat([funds, system], "fund").transpose(*table[name].dims)
    return every.assign_coords(fund=every["fund"].values.astype(str))


def _tipping(table: xr.Dataset, axis: str, bound: Bound) -> xr.Dataset:
    value, low, high = (of_everybody(table, f"{PROBABILITY}{suffix}") for suffix in ("", "_ci_low", "_ci_high"))
    along = [str(dim) for dim in value.dims if dim != axis]
    value, low, high = (one.transpose(*along, axis) for one in (value, low, high))
    x, shape = table[axis].values.astype(float), value.shape[:-1]
    rows = [one.values.reshape(-1, len(x)) for one in (value, low, high)]
    points = [tipping_point(x, a, b, c, bound.probability) for a, b, c in zip(*rows, strict=True)]
    found = np.array(points).T.reshape(4, *shape)
    words = {
        "tipping": f"{axis} at which {bound.text} is first reached; NaN: not up to searched_to",
        "tipping_ci_low": "lower end of the 95 % interval of tipping; -inf: below the first point",
        "tipping_ci_high": "upper end of the 95 % interval of tipping; inf: beyond the last point",
        "searched_to": f"largest feasible {axis}",
    }
    coords = {dim: value[dim] for dim in along}
    data = {
        name: (along, values, {"units": "1", "long_name": text})
        for (name, text), values in zip(words.items(), found, strict=True)
    }
    attrs = {"axis": axis, "added_loss": bound.loss, "probability": bound.probability}
    return xr.Dataset(data, coords, attrs)
