"""Results to draw: a small one, the same in another order or under other names, and one with many funds and assets."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import xarray as xr

from collected_example import collected
from stress.results import plot
from stress.results.dataset.tree import to_datatree

TREE = to_datatree(collected())
FUND_DIMS, LABELLED = (
    ("fund", "fund_type", "with_type"),
    ("fund_type", "with_type", "asset", "prime_broker", "component", "part"),
)
EVERY: dict[str, Callable[..., Any]] = {
    "distribution": plot.distribution,
    "leverage": plot.leverage,
    "timeline": plot.timeline,
    "timeline of losses": lambda tree, ax=None: plot.timeline(tree, "fund_loss", ax=ax),
    "timeline of prices": lambda tree, ax=None: plot.timeline(tree, "price_mean", ax=ax),
    "attribution": plot.attribution,
    "attribution by cause": lambda tree, ax=None: plot.attribution(tree, of="causes", ax=ax),
    "heatmap": plot.heatmap,
    "heatmap of calls": lambda tree, ax=None: plot.heatmap(tree, "called_usd", ax=ax),
    "sales": plot.sales,
    "sales by region": lambda tree, ax=None: plot.sales(tree, "region", ax=ax),
    "crowding": plot.crowding,
    "convergence": plot.convergence,
    "amplification": plot.amplification,
    "brokers": plot.brokers,
    "contributions": plot.contributions,
    "contributions by asset": lambda tree, ax=None: plot.contributions(tree, "asset", ax=ax),
}


def changed(tree: xr.DataTree, change: Callable[[xr.Dataset], xr.Dataset]) -> xr.DataTree:
    """Every group of `tree` after `change`, attributes kept."""
    groups = {name: change(child.to_dataset()) for name, child in tree.children.items()}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=tree.attrs), **groups}, name=tree.name)


def reordered(tree: xr.DataTree, seed: int) -> xr.DataTree:
    """Funds, assets, brokers and components in another order, everywhere another one."""
    rng = np.random.default_rng(seed)

    def shuffled(dataset: xr.Dataset) -> xr.Dataset:
        dims = [dim for dim in (*LABELLED, "fund") if dim in dataset.dims]
        return dataset.isel({dim: rng.permutation(dataset.sizes[dim]) for dim in dims})

    return changed(tree, shuffled)


def renamed(tree: xr.DataTree, dims: Sequence[str], name: Callable[[str], str]) -> xr.DataTree:
    """Other labels on `dims`; the system keeps its own."""

    def relabelled(dataset: xr.Dataset) -> xr.Dataset:
        for dim in (dim for dim in dims if dim in dataset.dims):
            labels = [label if label == "system" else name(str(label)) for label in dataset[dim].values.tolist()]
            dataset = dataset.assign_coords({dim: (dim, np.array(labels, object), dataset[dim].attrs)})
        return dataset

    return changed(tree, relabelled)


@functools.cache
def widened(funds: int, assets: int) -> xr.DataTree:
    """As many funds and assets, each a multiple of one that is there; sums to the system no longer hold."""

    def wide(dataset: xr.Dataset) -> xr.Dataset:
        for dim, many in {**dict.fromkeys(FUND_DIMS, funds), "asset": assets}.items():
            if dim not in dataset.dims:
                continue
            there = [label for label in dataset[dim].values.tolist() if label != "system"]
            system = [] if len(there) == dataset.sizes[dim] else ["system"]
            names = [f"{'asset' if dim == 'asset' else 'fund'}_{i:03d}" for i in range(many)] + system
            dataset = dataset.sel({dim: [there[i % len(there)] for i in range(many)] + system})
            dataset = dataset.assign_coords({dim: (dim, np.array(names, object), dataset[dim].attrs)})
            size = xr.DataArray(np.linspace(1, 2, len(names)), {dim: dataset[dim]}, (dim,))
            floats = [
                name for name, value in dataset.data_vars.items() if dim in value.dims and value.dtype.kind == "f"
            ]
            for name in floats:
                attrs, dims = dataset[name].attrs, dataset[name].dims
                dataset[name] = (dataset[name] * size).transpose(*dims).assign_attrs(attrs)
        return dataset

    return changed(TREE, wide)


def of(tree: xr.DataTree, group: str, name: str) -> xr.DataArray:
    """A variable of a group."""
    return tree[group].to_dataset()[name]


def with_values(tree: xr.DataTree, group: str, name: str, value: Any, **at: object) -> xr.DataTree:
    """`value` put into a variable at the labels `at`."""
    copy = tree.copy(deep=True)
    copy[group][name].loc[at] = value
    return copy


def with_open_calls(tree: xr.DataTree) -> xr.DataTree:
    """The result with the share of paths on which each fund has an open call, larger from step to step."""

    def calling(dataset: xr.Dataset) -> xr.Dataset:
        if "called_usd" not in dataset or "step" not in dataset.dims:
            return dataset
        like = xr.zeros_like(dataset["called_usd"]).assign_attrs(units="1", long_name="share of paths")
        share = like + 0.02 * dataset["step"] + xr.DataArray(0.003 * np.arange(like.sizes["fund"]), dims="fund")
        share = share.transpose(*like.dims).assign_attrs(like.attrs)
        return dataset.assign(open_call=share, open_call_se=(0.01 * share).assign_attrs(like.attrs))

    return changed(tree, calling)
