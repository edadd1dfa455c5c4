"""Triggers and impact laws from outside the package: registered as a whole, and part of what makes two runs the same.

A module that registers extensions is loaded wherever scenarios are read, see `scenarios.read.extensions`.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from stress.compile.checked import check_law, check_trigger, checked
from stress.compile.impact import impact as laws
from stress.compile.sources import source_digest
from stress.compile.triggers import triggers
from stress.kernels.impact import registry as law_kernels
from stress.kernels.impact.protocol import Law
from stress.kernels.structure import Structure
from stress.kernels.triggers import registry as trigger_kernels
from stress.kernels.triggers.protocol import AnyTrigger
from stress.scenarios.impact import registry as law_tables
from stress.scenarios.impact.protocol import LawTable
from stress.scenarios.problem import Problem
from stress.scenarios.read.fields import Table
from stress.scenarios.schema import taken
from stress.scenarios.triggers import registry as trigger_tables
from stress.scenarios.triggers.protocol import TriggerTable

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
TRIGGERS: tuple[dict[str, Any], ...] = (trigger_tables.TABLES, trigger_kernels.TRIGGERS, triggers.RECORDS)
LAWS: tuple[dict[str, Any], ...] = (law_tables.LAWS, law_kernels.LAWS, laws.RECORDS)


class Extension(NamedTuple):
    """One mechanism from outside."""

    name: str
    module: str  # that holds its kernel
    digest: str  # SHA-256 of its source, see `stress.compile.sources`
    number: int  # of the registration, in this process: programs compiled for another one are not used


_registered: dict[str, Extension] = {}
_numbers = itertools.count()


def register_trigger(
    table: TriggerTable, kernel: AnyTrigger, record: Callable[[Problem, np.dtype[Any]], Any]
) -> Extension:
    """Add a trigger, everywhere: to scenario files, to the kernels, to replays and reports.

    Args:
        table: its keys, what they come to, and its words.
        kernel: what it does.
        record: a function at the top of a module: from the resolved scenario, and the precision of the run, to the
            kernel's numbers as NumPy arrays in float64; None where no fund has the trigger.

    Raises:
        ValueError: the parts do not fit each other or the protocol, a name or key is taken, or a part stands in no
            file. Nothing is registered then.
    """
    _check_name(table.name, kernel.name)
    check_trigger(kernel)
    if not getattr(table, "because", ""):
        raise ValueError(f"{table.name!r}: its table lacks the words of why a fund trades, because")
    if table.sells != kernel.sells:
        raise ValueError(f"{table.name!r}: its table says sells = {table.sells}, its kernel {kernel.sells}")
    _check_keys(table.name, table.keys, taken.in_triggers())
    _check_keys(table.name, table.book_keys, taken.in_books())
    return _register(table, kernel, record, TRIGGERS)


def register_impact_law(table: LawTable, kernel: Law[Any], record: Callable[[Problem], Any]) -> Extension:
    """Add an impact law, everywhere.

    Args:
        table: its keys, and what they come to.
        kernel: what the recent flow moves the log price by.
        record: a function at the top of a module: from the resolved scenario to the kernel's numbers as NumPy arrays
            in float64.

    Raises:
        ValueError: as `register_trigger`.
    """
    _check_name(table.name, kernel.name)
    check_law(kernel)
    _check_keys(table.name, table.keys, taken.in_impact())
    return _register(table, kernel, record, LAWS)


def unregister(name: str) -> None:
    """Take an extension out again, in a session that tries out another version of it.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in _registered:
        raise ValueError(f"{name!r} is no extension")
    del _registered[name]
    for registry in (*TRIGGERS, *LAWS):
        registry.pop(name, None)


def registered() -> tuple[Extension, ...]:
    """Every extension there is."""
    return tuple(_registered.values())


def used_by(structure: Structure) -> tuple[Extension, ...]:
    """The extensions that a scenario uses."""
    names = (*structure.triggers, *(() if structure.impact is None else (structure.impact.law,)))
    return tuple(_registered[name] for name in names if name in _registered)


def _register(table: Any, kernel: Any, record: Any, registries: tuple[dict[str, Any], ...]) -> Extension:
    name = table.name
    modules = _modules(name, table, kernel, record)
    extension = Extension(name, type(kernel).__module__, source_digest(modules), next(_numbers))
    _registered[name] = extension
    for registry, part in zip(registries, (table, checked(kernel), record), strict=True):
        registry[name] = part
        for other in sorted(registry.keys() & _registered.keys()):  # the order of loading changes nothing
            registry[other] = registry.pop(other)
    return extension


def _check_name(name: str, of_kernel: str) -> None:
    if name != of_kernel:
        raise ValueError(f"the table goes by the name {name!r}, the kernel by {of_kernel!r}")
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name: lower-case letters, digits and _, a letter first")
    if name == "none" or name in TRIGGERS[0] or name in LAWS[0]:
        raise ValueError(f"the name {name!r} is there already, of a trigger or an impact law")


def _modules(name: str, table: Any, kernel: Any, record: Any) -> set[str]:
    if not inspect.isfunction(record):
        raise ValueError(f"{name!r}: record is no function, and its source is part of a run's identity")
    classes = [cls for part in (table, kernel) for cls in type(part).__mro__]
    for part in (type(table), type(kernel), record):
        if "<locals>" in part.__qualname__:
            raise ValueError(f"{name!r}: {part.__qualname__} is made inside a function: its source is not all it does")
    return {part.__module__ for part in (*classes, record)}


def _check_keys(name: str, keys: type[Table] | None, there: Mapping[str, str]) -> None:
    for key in () if keys is None else keys.written_keys():
        if key in there:
            raise ValueError(f"{name!r}: its key {key!r} is there already, of {there[key]}")
