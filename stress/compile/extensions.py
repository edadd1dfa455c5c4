"""Triggers and impact laws from outside the package: registered as a whole, and part of what makes two runs the same.

A module that registers extensions is loaded wherever scenarios are read, see `scenarios.read.extensions`.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from stress.compile.impact import impact as laws
from stress.compile.triggers import triggers
from stress.kernels.impact import registry as law_kernels
from stress.kernels.impact.protocol import Law
from stress.kernels.structure import Structure
from stress.kernels.triggers import registry as trigger_kernels
from stress.kernels.triggers.protocol import AnyTrigger
from stress.scenarios.impact import registry as law_tables
from stress.scenarios.impact.protocol import LawTable
from stress.scenarios.problem import Problem
from stress.scenarios.triggers import registry as trigger_tables
from stress.scenarios.triggers.protocol import TriggerTable


class Extension(NamedTuple):
    """One mechanism from outside."""

    name: str
    module: str  # that holds its kernel
    digest: str  # SHA-256 of the source files that it stands in


_registered: dict[str, Extension] = {}


def register_trigger(
    table: TriggerTable, kernel: AnyTrigger, record: Callable[[Problem, np.dtype[Any]], Any]
) -> Extension:
    """Add a trigger, everywhere: to scenario files, to the kernels, to replays and reports.

    Args:
        table: its keys, what they come to, and its words.
        kernel: what it does.
        record: from the resolved scenario, and the precision of the run, to the kernel's numbers as NumPy arrays in
            float64; None where no fund has the trigger.

    Raises:
        ValueError: the parts go by different names, a name or key is taken, or a part stands in no file.
    """
    extension = _extension(table.name, kernel.name, table, kernel, record)
    trigger_tables.register(table)
    trigger_kernels.TRIGGERS[table.name] = kernel
    triggers.RECORDS[table.name] = record
    _registered[table.name] = extension
    return extension


def register_impact_law(table: LawTable, kernel: Law[Any], record: Callable[[Problem], Any]) -> Extension:
    """Add an impact law, everywhere.

    Args:
        table: its keys, and what they come to.
        kernel: what the recent flow moves the log price by.
        record: from the resolved scenario to the kernel's numbers as NumPy arrays in float64.

    Raises:
        ValueError: as `register_trigger`.
    """
    extension = _extension(table.name, kernel.name, table, kernel, record)
    law_tables.register(table)
    law_kernels.LAWS[table.name] = kernel
    laws.RECORDS[table.name] = record
    _registered[table.name] = extension
    return extension


def unregister(name: str) -> None:
    """Take an extension out again.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _registered:
        raise ValueError(f"{name!r} is no extension")
    del _registered[name]
    for tables, kernels, records in (
        (trigger_tables, trigger_kernels.TRIGGERS, triggers.RECORDS),
        (law_tables, law_kernels.LAWS, laws.RECORDS),
    ):
        if name in records:
            tables.unregister(name)
            del kernels[name], records[name]


def registered() -> tuple[Extension, ...]:
    """Every extension there is."""
    return tuple(_registered.values())


def used_by(structure: Structure) -> tuple[Extension, ...]:
    """The extensions that a scenario uses."""
    names = (*structure.triggers, *(() if structure.impact is None else (structure.impact.law,)))
    return tuple(_registered[name] for name in names if name in _registered)


def _extension(name: str, of_kernel: str, *parts: Any) -> Extension:
    if name != of_kernel:
        raise ValueError(f"the table goes by the name {name!r}, the kernel by {of_kernel!r}")
    sources: dict[str, str] = {}
    for part in parts:
        owner = part if callable(part) else type(part)
        module = inspect.getmodule(owner)
        try:
            sources[str(owner.__module__)] = inspect.getsource(module or owner)
        except (OSError, TypeError) as error:
            raise ValueError(f"{name!r} has to stand in a file: its source is part of a run's identity") from error
    digest = hashlib.sha256("\0".join(sources[module] for module in sorted(sources)).encode()).hexdigest()
    return Extension(name, str(type(parts[1]).__module__), digest)
