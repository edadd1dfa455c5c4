"""What the compiled text of a program for a GPU says of kernels and of bytes moved, loop by loop.

Bytes are what kernels read and write of the card's memory at the most: every operand and result once. Of an array that
a kernel only cuts slices from, the slices count, and of one that it changes in place, what it writes there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

WIDTH = {
    "pred": 1,
    "s8": 1,
    "u8": 1,
    "bf16": 2,
    "f16": 2,
    "s64": 8,
    "u64": 8,
    "f64": 8,
    "c64": 8,
}  # bytes; others have 4
FREE = {
    *("get-tuple-element", "tuple", "parameter", "constant", "bitcast", "iota", "after-all"),
    *("while", "conditional", "call"),  # what is in them is counted by itself
}
OPERATION = re.compile(r"\s*(?:ROOT )?%?([\w.\-]+) = (\(.*?\)|\S+) ([\w\-]+)\((.*)")
TRIPS = re.compile(r'known_trip_count":\s*\{"n":"(\d+)"')
CUTS = {"slice", "dynamic-slice"}
UPDATE = "dynamic-update-slice"


@dataclass
class Body:
    """One turn of a computation: its own kernels and bytes, and what it calls so many times (None: unknown)."""

    kernels: int = 0
    moved: int = 0
    loops: list[tuple[str, float | None]] = field(default_factory=list)
    branches: list[list[str]] = field(default_factory=list)


def size_of(shape: str) -> int:
    """Bytes of a shape of the compiled text, tuples summed."""
    sizes = re.findall(r"(\w+)\[([\d,]*)\]", shape)
    return sum(WIDTH.get(kind, 4) * int(np.prod([int(x) for x in dims.split(",") if x] or [1])) for kind, dims in sizes)


@dataclass
class Operation:
    """A line of the compiled text."""

    what: str
    size: int  # bytes of its result
    operands: list[str]
    rest: str  # what follows the bracket
    root: bool  # the result of its computation


def operations_of(text: str) -> tuple[dict[str, dict[str, Operation]], str]:
    """The operations of every computation by their labels, and the name of the entry."""
    found: dict[str, dict[str, Operation]] = {}
    name, entry = "", ""
    for line in text.splitlines():
        head = re.match(r"^(ENTRY )?%?([\w.\-]+) \(.*\) -> .* \{", line)
        if head:
            name = head[2]
            entry, found[name] = name if head[1] else entry, {}
        operation = OPERATION.match(line)
        if operation and name:
            label, shape, what, rest = operation.groups()
            operands = re.findall(r"%([\w.\-]+)", rest.split("), ")[0])
            found[name][label] = Operation(what, size_of(shape), operands, rest, line.lstrip().startswith("ROOT"))
    return found, entry


def moved_by(operation: Operation, around: dict[str, Operation], inside: dict[str, Operation]) -> int:
    """Bytes that one kernel reads and writes; `inside` are the operations of a fusion, else none."""
    sizes = [around[x].size if x in around else 0 for x in operation.operands]
    written = operation.size
    for label, one in inside.items():
        if one.what != "parameter":
            continue
        number, uses = int(one.rest.split(")")[0]), _uses(inside, label)
        if uses and all(inside[use].what in CUTS for use in uses):
            sizes[number] = min(sizes[number], sum(inside[use].size for use in uses))
        elif len(uses) == 1 and (updates := _updates_in_place(inside, label, uses[0])):
            sizes[number] = 0
            written += sum(inside[inside[update].operands[1]].size for update in updates) - one.size
    return written + sum(sizes)


def _uses(inside: dict[str, Operation], label: str) -> list[str]:
    """What reads an operation, past changes of shape."""
    found = []
    for other, one in inside.items():
        if label in one.operands:
            found += _uses(inside, other) if one.what == "bitcast" else [other]
    return found


def _updates_in_place(inside: dict[str, Operation], label: str, use: str) -> list[str]:
    """The updates, one of the other, that make of an array what a fusion returns and nothing else reads; else none."""
    root = next(name for name, one in inside.items() if one.root)
    returned = inside[root].operands if inside[root].what == "tuple" else [root]
    results = set().union(*(_before(inside, name) for name in returned))
    updates: list[str] = []
    while inside[use].what == UPDATE and label in _before(inside, inside[use].operands[0]):
        updates.append(use)
        after = [name for name in _uses(inside, use) if name != root or inside[root].what != "tuple"]
        if use in results:
            return [] if after else updates
        if len(after) != 1:
            return []
        label, use = use, after[0]
    return []


def _before(inside: dict[str, Operation], label: str) -> set[str]:
    """An operation and what it is another shape of."""
    found = {label}
    while inside[label].what == "bitcast":
        label = inside[label].operands[0]
        found.add(label)
    return found


def bodies_of(text: str) -> tuple[dict[str, Body], str]:
    """Every computation of a compiled module by name, and the name of its entry."""
    every, entry = operations_of(text)
    found = {name: Body() for name in every}
    for name, operations in every.items():
        body = found[name]
        for one in operations.values():
            if one.what == "while":
                turns = TRIPS.search(one.rest)
                inner = re.search(r"body=%?([\w.\-]+)", one.rest)
                body.loops.append((inner[1] if inner else "", int(turns[1]) if turns else None))
            elif one.what == "conditional":
                inside = re.search(r"branch_computations=\{([^}]*)\}", one.rest)
                names = (
                    inside[1].split(",") if inside else re.findall(r"(?:true|false)_computation=%?([\w.\-]+)", one.rest)
                )
                body.branches.append([x.strip().lstrip("%") for x in names])
            elif one.what == "call":
                inner = re.search(r"to_apply=%?([\w.\-]+)", one.rest)
                body.loops.append((inner[1] if inner else "", 1))
            elif one.what not in FREE:
                fused = re.search(r"calls=%?([\w.\-]+)", one.rest) if one.what == "fusion" else None
                body.kernels += 1
                body.moved += moved_by(one, operations, every.get(fused[1], {}) if fused else {})
    return found, entry


def turn(bodies: dict[str, Body], name: str, *, dearest: bool = True) -> tuple[float, float]:
    """Kernels and bytes of one turn, with loops of known length, and of each condition the branch of most bytes.

    Without `dearest` that of fewest.
    """
    body = bodies[name]
    kernels, moved = float(body.kernels), float(body.moved)
    for inner, times in body.loops:
        if times is not None:
            more = turn(bodies, inner, dearest=dearest)
            kernels, moved = kernels + times * more[0], moved + times * more[1]
    for branches in body.branches:
        each = [turn(bodies, one, dearest=dearest) for one in branches]
        taken = (max if dearest else min)(each, key=lambda x: x[1])
        kernels, moved = kernels + taken[0], moved + taken[1]
    return kernels, moved


def below(bodies: dict[str, Body], name: str) -> Iterator[tuple[str, float | None]]:
    """Every loop in a computation, outer ones first."""
    for inner, times in bodies[name].loops:
        yield inner, times
        yield from below(bodies, inner)
    for branches in bodies[name].branches:
        for one in branches:
            yield from below(bodies, one)


def counted(text: str, steps: int, tile: int) -> dict[str, tuple[float, float]]:
    """Kernels and bytes a path, by part.

    `step`: of one in which nobody trades, by the cheaper branch of each condition; `trading_step`: with its first round
    and all that follows from trades, by the dearer ones; `round`: of a later round; `around`: of all around the steps.
    """
    bodies, entry = bodies_of(text)
    loops = list(below(bodies, entry))
    step = next((name for name, times in loops if times == steps), None)
    if step is None:
        raise ValueError(f"no loop of {steps} turns, so none of the steps, in the compiled text")
    rounds = [name for name, times in below(bodies, step) if times is None]
    tiles = [name for name, times in loops if times is None and step in {x for x, _ in below(bodies, name)}]
    of_steps = turn(bodies, step)
    parts = {
        "step": turn(bodies, step, dearest=False),
        "trading_step": of_steps,
        "round": max((turn(bodies, name) for name in rounds), key=lambda x: x[1], default=(0.0, 0.0)),
    }
    around = turn(bodies, tiles[0]) if tiles else turn(bodies, entry)
    parts["around"] = around[0] - steps * of_steps[0], around[1] - steps * of_steps[1]
    return {name: (kernels, moved / tile) for name, (kernels, moved) in parts.items()}
