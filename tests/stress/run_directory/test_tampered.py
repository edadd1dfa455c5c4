"""Every variable and attribute of a result, changed once by someone who seals it anew, is named by `verify`."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from chunked_run import chunked_run
from stress.results.dataset.tree import to_datatree
from stress.run_directory.rebuilt import TIMINGS, disagreements


def variables(tree: xr.DataTree) -> list[tuple[str, str]]:
    """Group and name of every variable, coordinates among them, that no clock has made."""
    return [
        (group, str(name))
        for group, node in tree.children.items()
        for name in node.to_dataset(inherit=False).variables
        if not (group == "diagnostics" and name in TIMINGS)
    ]


def another(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same but for the last one, which is the next that its type knows."""
    changed = values.copy()
    last: Any = changed.reshape(-1)[-1:] if changed.ndim else changed
    if changed.dtype.kind == "f":
        last[...] = np.where(np.isfinite(last), np.nextafter(last, last + 1), 0.0)
    elif changed.dtype.kind == "b":
        last[...] = ~last
    elif changed.dtype.kind in "iu":
        last[...] = last + 1
    else:
        last[...] = str(np.ravel(last)[0])[:-1] + "~"
    return changed


def test_each_variable_is_named() -> None:
    tree = to_datatree(chunked_run())
    assert disagreements(tree, tree) == []
    every = variables(tree)
    assert len(every) > 200
    assert {group for group, _ in every} == set(tree.children)
    for group, name in every:
        right = tree.children[group].to_dataset(inherit=False)[[name]]
        wrong = right.variables[name].copy(data=another(np.asarray(right.variables[name].values)))
        tampered = right.drop_indexes([*right.xindexes]).assign({name: wrong})
        pair = [xr.DataTree.from_dict({group: table}) for table in (tampered, right)]
        named = [f"the result has not what its run gives: {group}/{name}"]
        assert disagreements(*pair) == disagreements(*pair[::-1]) == named


def test_each_attribute_is_named_but_those_of_the_machine_that_computed() -> None:
    tree = to_datatree(chunked_run())
    options = {"paths": 1, "device": "auto", "devices": None, "max_memory": None, "block_size": None, "worst": 100}
    tree.attrs["options"] = json.dumps(options)
    named = set()
    for name in tree.attrs:
        other = tree.copy()
        other.attrs = tree.attrs | {name: "another"}
        named |= {name for line in disagreements(other, tree) if line.endswith(f"gives: the attribute {name}")}
    computed = {"block_size", "computed_by", "device", "jax_version", "numpy_version", "seconds"}
    assert set(tree.attrs) - named <= computed
    assert {"conventions", "name", "options", "paths", "seed", "spec_sha256"} <= named
    of_the_machine = set()
    for name in options:
        other = tree.copy()
        other.attrs = tree.attrs | {"options": json.dumps(options | {name: 7})}
        of_the_machine |= set() if disagreements(other, tree) else {name}
    assert of_the_machine == {"device", "devices", "max_memory"}  # a run may be taken up elsewhere
