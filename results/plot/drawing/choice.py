"""What of a result a figure shows: by label, and in an order that does not depend on the dataset's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.plot.drawing.labels import SYSTEM

Floats = npt.NDArray[np.float64]


def group(tree: xr.DataTree, name: str) -> xr.Dataset:
    """A group of the result with every labelled dimension in ascending order of its labels.

    So sums and ties come out the same however the funds and assets of a scenario file are arranged.

    Raises:
        ValueError: the result has no such group.
    """
    if name not in tree.children:
        raise ValueError(f"the result has no group {name!r}; there are {', '.join(sorted(tree.children))}")
    dataset = tree[name].to_dataset()
    order = {}
    for dim in dataset.dims:
        if dim in dataset.coords:
            labels = dataset[dim].values.tolist()
            order[dim] = sorted(range(len(labels)), key=labels.__getitem__)
    return dataset.isel(order)


def variable(dataset: xr.Dataset, name: str, dims: Sequence[tuple[str, ...]]) -> xr.DataArray:
    """The variable `name`, in one of the shapes `dims`.

    Raises:
        ValueError: it is not there, or of another shape; the message lists those that would do.
    """
    if name in dataset.data_vars and dataset[name].dims in dims:
        return dataset[name]
    fitting = sorted(
        str(key) for key, value in dataset.data_vars.items() if value.dims in dims and not str(key).endswith("_se")
    )
    problem = f"is by {', '.join(map(str, dataset[name].dims))}" if name in dataset else "is not in the result"
    raise ValueError(f"the variable {name!r} {problem}; for this figure there are {', '.join(fitting) or 'none'}")


def at(values: xr.DataArray, dim: str, label: str | float) -> xr.DataArray:
    """`values` at one label of `dim`.

    Raises:
        ValueError: there is no such label; the message lists the labels.
    """
    labels = values[dim].values.tolist()
    if label not in labels:
        raise ValueError(f"no {dim} {label!r}; there are {', '.join(map(str, labels))}")
    return values.isel({dim: labels.index(label)})


def rows(values: xr.DataArray, dim: str, labels: Sequence[str]) -> Floats:
    """`values` at the labels of `dim` in the order given: (label, other dims), float64.

    Raises:
        ValueError: there is no such label.
    """
    there = {str(label): place for place, label in enumerate(values[dim].values.tolist())}
    if missing := [label for label in labels if label not in there]:
        raise ValueError(f"no {dim} {missing[0]!r}; there are {', '.join(there)}")
    moved = values.transpose(dim, ...).values
    return np.asarray(moved[[there[label] for label in labels]], np.float64)


def without_system(values: xr.DataArray, dim: str) -> xr.DataArray:
    """`values` without the row of all funds together."""
    return values.isel({dim: [i for i, label in enumerate(values[dim].values.tolist()) if label != SYSTEM]})


def estimate(tree: xr.DataTree, name: str, fund: str, level: float | None = None) -> dict[str, float]:
    """Value, error and interval (`value`, `se`, `low`, `high`; NaN where not given) of a figure of the summary.

    Raises:
        ValueError: the fund or the level is not in the summary.
    """
    summary, found = group(tree, "summary"), {}
    for key, suffix in {"value": "", "se": "_se", "low": "_ci_low", "high": "_ci_high"}.items():
        full = (f"system_{name}" if fund == SYSTEM else name) + suffix
        if full not in summary:
            found[key] = np.nan
            continue
        values = summary[full]
        if fund != SYSTEM:
            values = at(values, "fund", fund)
        if level is not None:
            values = at(values, "level", level)
        found[key] = float(values)
    return found


def largest(values: xr.DataArray, dim: str, most: int) -> tuple[list[str], list[str]]:
    """(labels of the `most` largest by the sum of absolute values over other dims, largest first; the labels left out).

    NaN counts as nothing and an infinite value as more than any other; ties are in the order of their labels.
    """
    size = abs(values.fillna(0.0))
    total = size.sum([other for other in size.dims if other != dim]).values
    labels = [str(label) for label in values[dim].values.tolist()]
    ranked = sorted(range(len(labels)), key=lambda i: (-float(total[i]), labels[i]))
    return [labels[i] for i in ranked[:most]], [labels[i] for i in ranked[most:]]
