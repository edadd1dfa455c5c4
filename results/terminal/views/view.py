"""What a view is, and how it reads the groups of a result that may be old or damaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import xarray as xr

from stress.results.files.long_table import long_rows
from stress.results.terminal.names import SYSTEM, shown_name, step_name
from stress.scenarios.errors import ScenarioError, suggest

__all__ = ["SYSTEM", "View", "figures", "names", "pick", "shown_name", "step_name"]


class View(NamedTuple):
    """A part of a result: the labelled numbers, by group of the result, and what a terminal shows of them."""

    name: str
    groups: Mapping[str, xr.Dataset]
    shown: list[Any]  # renderables

    def document(self, tree: xr.DataTree) -> dict[str, Any]:
        """The numbers for programs: one row for each, with its labels, error and units.

        `paths` of the run; `detail_paths` those that the numbers are made from, where these are only the first ones.
        """
        about: dict[str, Any] = {
            name: tree.attrs[name] for name in ("name", "title", "seed", "paths") if name in tree.attrs
        }
        for group in self.groups:
            about |= {"detail_paths": tree[group].attrs["paths"]} if "paths" in tree[group].attrs else {}
        return {**about, "view": self.name, "rows": long_rows(self.groups)}


def figures(
    tree: xr.DataTree, file: str, group: str, dims: Mapping[str, tuple[str, ...]] | None = None, errors: bool = True
) -> xr.Dataset:
    """A group of the result, loaded, with the variables `dims` (name -> dims) sure to be there.

    Args:
        tree: the result.
        file: its name in messages.
        group: name of the group.
        dims: what has to be there.
        errors: also the standard error of each of them.

    Raises:
        ScenarioError: the result is of an older version, was made without this group, or is damaged.
    """
    if group not in tree.children:
        allowed = "a run with --store tails or paths" if group.startswith("tails") else "the same scenario run again"
        raise ScenarioError("is not in this result", file=file, key=group, allowed=allowed)
    try:
        dataset = tree[group].to_dataset().load()
    except Exception as error:  # of zarr and its codecs: whatever a damaged store leads them to
        problem = f"cannot be read ({type(error).__name__})"
        raise ScenarioError(problem, file=file, key=group, allowed="a result that is not damaged") from error
    for name, variable in dataset.data_vars.items():
        lead = dataset.get(str(name).removesuffix("_se"), variable)
        if variable.dtype.kind not in "fiub" or variable.dims != lead.dims:
            raise ScenarioError(
                "is no table of numbers",
                file=file,
                key=f"{group}/{name}",
                allowed=f"numbers by {', '.join(map(str, lead.dims))}",
            )
    for needed, wanted in (dims or {}).items():
        for found in (needed, f"{needed}_se") if errors else (needed,):
            _check(dataset, found, wanted, file, f"{group}/{found}")
    return dataset


def _check(dataset: xr.Dataset, variable: str, wanted: tuple[str, ...], file: str, key: str) -> None:
    if variable not in dataset:
        problem, allowed = "is not in this result, which an older version has written", "the same scenario run again"
        raise ScenarioError(problem, file=file, key=key, allowed=allowed)
    found = dataset[variable]
    labelled = all(dim in dataset.indexes and dataset.indexes[dim].is_unique for dim in found.dims)
    if found.dims != wanted or found.dtype.kind not in "fiub" or not labelled:
        problem = f"is no table of numbers by {' and '.join(map(str, found.dims))} with a label for each"
        raise ScenarioError(problem, file=file, key=key, allowed=f"numbers by {', '.join(wanted)}")


def pick(dataset: xr.Dataset, file: str, **labels: Sequence[Any]) -> xr.Dataset:
    """The dataset at these labels, in their order.

    Raises:
        ScenarioError: one of them is not there.
    """
    for dim, wanted in labels.items():
        known = dataset.indexes[dim]
        for label in wanted:
            if label not in known:
                allowed = suggest(str(label), map(str, known))
                raise ScenarioError("is not in this result", file=file, key=dim, value=label, allowed=allowed)
    return dataset.sel({dim: list(wanted) for dim, wanted in labels.items()})


def names(dataset: xr.Dataset, dim: str) -> list[str]:
    """The labels along `dim`."""
    return [str(name) for name in dataset[dim].values]
