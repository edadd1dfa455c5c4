"""The same result in another size, and what a screen shows of it, word by word."""

from __future__ import annotations

import io
import re
from typing import Any

import xarray as xr
from rich.console import Console

NEXT = {"bn USD": "m USD", "m USD": "k USD", "k USD": "USD"}  # a thousandth of each
UNIT = re.compile(r"\b(bn|m|k) USD")


def smaller(tree: xr.DataTree, factor: float) -> xr.DataTree:
    """The result of a book that is `factor` as large."""

    def of(dataset: xr.Dataset) -> xr.Dataset:
        usd = [name for name, x in dataset.data_vars.items() if x.attrs.get("units") == "USD" and x.dtype.kind == "f"]
        return dataset.assign({name: (dataset[name] * factor).assign_attrs(dataset[name].attrs) for name in usd})

    groups = {name: of(group.to_dataset().load()) for name, group in tree.children.items()}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=tree.attrs), **groups}, name=tree.name)


def words(renderables: list[Any]) -> list[str]:
    """What a screen shows, word by word, without the lines of its tables."""
    screen = Console(file=io.StringIO(), width=250, color_system=None)
    for one in renderables:
        screen.print(one)
    assert isinstance(screen.file, io.StringIO)
    text = UNIT.sub(lambda found: found[0].replace(" ", "_"), " ".join(screen.file.getvalue().split()))
    return [word for word in text.split() if not set(word) <= {"─"}]


def one_unit_down(texts: list[str]) -> list[str]:
    return [
        UNIT.sub(lambda found: NEXT[found[0]], text.replace("_USD", " USD")).replace(" USD", "_USD") for text in texts
    ]
