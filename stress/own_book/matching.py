"""Which column of the prices belongs to an instrument: by its name, or by the name without a vendor's decoration."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from stress.own_book.data_report import READ, DataReport
from stress.scenarios.errors import ScenarioError, refuse_all

_YELLOW_KEYS = re.compile(r"\s+(equity|index|comdty|curncy|corp|govt)$", re.I)  # Bloomberg's
_US = re.compile(r"\s+(us|un|uw|uq|ua|ur)$", re.I)  # its exchanges of the United States
_APART = 8  # instruments without a column that have a line each; more are one list
_NAMED = 8  # columns that a message names


def match(
    names: Iterable[str], columns: Iterable[str], given: Mapping[str, str], source: str, report: DataReport
) -> dict[str, str]:
    """Column of each name.

    A name is taken as it stands; else where exactly one column is the same apart from case, blanks, punctuation,
    Bloomberg's yellow key and an exchange of the United States.

    Args:
        names: of instruments.
        columns: of the price table.
        given: columns that the user has named himself, by instrument (proxies).
        source: name of the price file.
        report: takes a line for each name that is written in another way.

    Raises:
        ScenarioError: names without a column, or with several; all of them.
    """
    there = list(columns)
    for name, column in given.items():
        if column not in there:
            raise ScenarioError(
                f"is given for {name} and is no column of {source}",
                file="--proxy",
                key=name,
                value=column,
                allowed=_near(column, there),
            )
    alike: dict[str, list[str]] = {}
    for column in there:
        alike.setdefault(bare(column), []).append(column)
    found: dict[str, str] = {}
    missing: list[ScenarioError] = []
    for name in names:
        column = given.get(name, name)
        candidates = [column] if column in there else alike.get(bare(name), [])
        if len(candidates) == 1:
            found[name] = candidates[0]
            if name in given:
                report.add(READ, name, f"moves as {candidates[0]} in {source}, as asked (--proxy)")
            elif candidates[0] != name:
                report.add(READ, name, f"is {candidates[0]} in {source}")
            continue
        problem = f"has {len(candidates)} columns: {', '.join(candidates)}" if candidates else "has no prices"
        allowed = f"a column of that name; {_near(name, there)}; or --proxy '{name}=COLUMN'"
        missing.append(ScenarioError(problem, file=source, key=name, allowed=allowed))
    if len(missing) > _APART:
        names = ", ".join(error.key for error in missing)
        problem = f"has no one column for each of {len(missing)} instruments: {names}"
        missing = [
            ScenarioError(problem, file=source, key="", allowed=f"--proxy 'NAME=COLUMN' for each; {_some(there)}")
        ]
    refuse_all(missing)
    return found


def bare(name: str) -> str:
    """A name without what vendors add to it: "BRK/B US Equity" is "brkb"."""
    return re.sub(r"[\W_]+", "", _US.sub("", _YELLOW_KEYS.sub("", name.strip()))).lower()


def _near(name: str, columns: list[str]) -> str:
    close = difflib.get_close_matches(name, columns, n=3, cutoff=0.5)
    return f"closest: {', '.join(close)}" if close else _some(columns)


def _some(columns: list[str]) -> str:
    return f"there are {', '.join(columns[:_NAMED])}" + (", …" if len(columns) > _NAMED else "")
