"""Today's positions by fund, from a scenario or a table, put in the order of the names of a history."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stress.own_book.currencies import BASE, major
from stress.own_book.data_report import LEFT_OUT, DataReport
from stress.own_book.read.positions import read_positions
from stress.scenarios.errors import ScenarioError, ScenarioWarning, suggest

Floats = npt.NDArray[np.float64]
SYSTEM = "system"  # all funds together
TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")  # other names are of scenarios


@dataclass(frozen=True)
class Book:
    """Positions that are held through a backtest."""

    file: str
    funds: tuple[str, ...]  # and, last, `SYSTEM` where there is more than one
    positions: Floats  # (name, fund) signed USD


def read_book(source: str, names: tuple[str, ...], history: str) -> Book:
    """Read a scenario (file, folder or library name), or a file of positions in USD, long or wide.

    Args:
        source: what to read.
        names: of the history, in its order.
        history: its file, in messages.

    Raises:
        ScenarioError: it cannot be read, holds a name that the history lacks, or something that needs a price or a
            rate.
    """
    by_fund = _file(source) if Path(source).suffix.lower() in TABLES else _scenario(source)
    place = {name: n for n, name in enumerate(names)}
    positions = np.zeros((len(names), len(by_fund)))
    for column, (fund, held) in enumerate(by_fund.items()):
        for name, usd in held.items():
            if name not in place:
                raise ScenarioError(
                    f"has no history in {history}",
                    file=source,
                    key=f"{fund}.{name}",
                    value=usd,
                    allowed=suggest(name, names),
                )
            positions[place[name], column] += usd
    funds = tuple(by_fund)
    empty = [fund for n, fund in enumerate(funds) if not positions[:, n].any()]
    if empty or not funds:
        raise ScenarioError("holds nothing", file=source, key=empty[0] if empty else "fund", allowed="a position")
    if len(funds) > 1:
        funds, positions = (*funds, SYSTEM), np.column_stack([positions, positions.sum(axis=1)])
    return Book(source, funds, positions)


def _scenario(source: str) -> dict[str, dict[str, float]]:
    from stress.scenarios.build.problem_builder import build_problem
    from stress.scenarios.read.loader import load_scenario

    problem = build_problem(load_scenario(source))
    books, found = problem.books, dict[str, dict[str, float]]()
    if books.gamma is not None:
        raise ScenarioError(
            "holds options, whose P&L is not that of positions held",
            file=source,
            key="funds",
            allowed="funds without gamma and theta, or a CSV of their deltas",
        )
    for fund in problem.funds.types_file_order:
        kind = problem.funds.types.index(fund)
        of_fund = np.flatnonzero(problem.funds.type_of[books.fund_of] == kind)
        usd = (books.size * books.start_held)[of_fund] @ books.shapes[books.shape_of[of_fund]]
        found[fund] = {problem.assets.ids[n]: float(usd[n]) for n in np.flatnonzero(usd)}
    return found


def _file(source: str) -> dict[str, dict[str, float]]:
    """Signed USD by fund and name of a file of positions, as `levstress init` reads it."""
    report = DataReport()
    sheet, rows = read_positions(source, report)
    for line in report.lines[LEFT_OUT]:
        warnings.warn(line.text, ScenarioWarning, stacklevel=3)
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        code = str(row.facts.get("currency") or BASE)
        allowed = "values in USD; or the folder that levstress init makes of this file and of prices"
        if row.value is None:
            raise ScenarioError(
                "is a quantity, and no prices are read",
                file=sheet.name,
                key=row.where,
                value=row.quantity,
                allowed=allowed,
            )
        if not row.in_usd and major(code)[0] != BASE:
            raise ScenarioError("is in another currency", file=sheet.name, key=row.where, value=code, allowed=allowed)
        held = found.setdefault(row.fund, {})
        held[row.instrument] = held.get(row.instrument, 0.0) + row.value
    return found
