"""The same run on 2, 4 and 8 CPU devices, and with other tiles per call, in a process of its own: prints what differs.

    python many_devices.py small|full

A process makes its devices once, and that of the tests has two. One line for each result, as JSON: the problem, the
device it names, the paths of a call, and the variables that are not those of the first one, bit for bit. `small` is one
fund with one asset and outside buyers on 2 and 8 devices; `full` has every mechanism, and two passes besides.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import xarray as xr

from same_numbers import variables as numbers
from stress.engine.devices import set_up
from stress.engine.runner import execute
from stress.options import RunOptions
from stress.results.dataset.tree import to_datatree
from stress.scenarios.problem import Problem
from tiny import BN, make_problem, single

PATHS = 9_300  # ten tiles, of which the last is not full: on 8 devices some have two and some one
DETAIL = {"detail_paths": 2_048}
FULL = make_problem(steps=3, shocks={"scale": 2.5}, estimation=DETAIL)
IMPACT = {"law": "square_root"}
PROBLEMS = {
    "small": {
        "outside buyers": single(impact=IMPACT, estimation=DETAIL, retail={"per_percent": 0.1 * BN, "weights": 1.0}),
    },
    "full": {"two passes": replace(FULL, outside={}), "outside buyers": FULL},
}
RUNS = {
    "small": ((2, None), (8, 8_192)),
    "full": ((2, None), (4, 4_096), (8, 8_192), (8, None)),
}  # devices, paths a call


def variables(problem: Problem, devices: int, block_size: int | None) -> tuple[xr.DataTree, dict[str, Any]]:
    """A result, and all of its variables by group and name."""
    options = RunOptions(paths=PATHS, seed=4, store="paths", worst=20, devices=devices, block_size=block_size)
    tree = to_datatree(execute(problem, options))
    every = {group: numbers(node) for group, node in tree.children.items()}
    return tree, {f"{group}/{name}": data[name] for group, data in every.items() for name in data}


def main(kind: str) -> None:
    """Run and compare."""
    set_up("cpu", 8)
    for name, problem in PROBLEMS[kind].items():
        _, first = variables(problem, *RUNS[kind][0])
        for run in RUNS[kind][1:]:
            tree, found = variables(problem, *run)
            differ = [key for key in first | found if not first[key].equals(found[key])]
            called = {"problem": name, "device": tree.attrs["device"], "call": int(tree.attrs["block_size"])}
            print(json.dumps({**called, "variables": len(found), "differ": differ}))


if __name__ == "__main__":
    main(sys.argv[1])
