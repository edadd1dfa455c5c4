"""Several run directories beside each other: settings that differ from those of the first, and the numbers of all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from stress.questions.opened import open_run
from stress.questions.settings import ABSENT, compare_settings
from stress.results.dataset.compared import same_numbers
from stress.results.files.store import check_unreplaced, read_spec
from stress.results.side_by_side.dataset import side_by_side

FOLLOW = ("overrides", "resolved", "origin")  # sections that follow from others: what was given, what options came to


@dataclass(frozen=True)
class Row:
    """A setting that differs somewhere: its value in each run, ABSENT where a run does not have it."""

    section: str
    key: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class SideBySide:
    """Runs beside each other: settings that are not the same in all, and `side_by_side` of their results."""

    settings: tuple[Row, ...]
    numbers: xr.Dataset
    identical: tuple[bool, ...]  # whether a run has the settings and the numbers of the first, to the last bit


def runs_side_by_side(directories: Sequence[Path], names: Sequence[str]) -> SideBySide:
    """Of finished runs, the first being what the others are held against.

    Args:
        directories: of the runs, at least two.
        names: what the user calls them; the same one again gets a number.

    Raises:
        FileNotFoundError, UnfinishedRun: no run directory, or one without a finished run that can be read.
    """
    specs = [read_spec(directory) for directory in directories]
    with ExitStack() as stack:
        trees: dict[str, xr.DataTree] = {}
        for name, directory in zip(_unique(names), directories, strict=True):
            trees[name] = open_run(directory)
            stack.callback(trees[name].close)
        numbers = side_by_side(trees)
        first, *others = trees.values()
        rows = _rows(specs)
        same = [not compare_settings(specs[0], spec)[0] for spec in specs]
        identical = tuple(s and same_numbers(first, tree) for s, tree in zip(same, [first, *others], strict=True))
        for tree, directory in zip(trees.values(), directories, strict=True):
            check_unreplaced(tree, directory)
    numbers.attrs["settings_different"] = json.dumps(settings_json(rows), ensure_ascii=False)
    return SideBySide(rows, numbers, identical)


def settings_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Settings that differ: section, key and by run the value, None where a run does not have it."""
    return [
        {
            "section": row.section,
            "key": row.key,
            "values": [None if value is ABSENT else value for value in row.values],
            "absent": [at for at, value in enumerate(row.values) if value is ABSENT],
        }
        for row in rows
    ]


def _rows(specs: Sequence[Any]) -> tuple[Row, ...]:
    first: dict[tuple[str, str], Any] = {}
    others: list[dict[tuple[str, str], Any]] = []
    for spec in specs[1:]:
        found = compare_settings(specs[0], spec)[0]
        first |= {(one.section, one.key): one.a for one in found}
        others.append({(one.section, one.key): one.b for one in found})
    rows = [Row(*key, (a, *(other.get(key, a) for other in others))) for key, a in first.items()]
    return tuple(row for row in rows if row.section not in FOLLOW)


def _unique(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        again, number = name, 2
        while again in found:
            again, number = f"{name} ({number})", number + 1
        found.append(again)
    return found
