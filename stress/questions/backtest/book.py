"""Today's positions by fund, from a scenario or a table, put in the order of the names of a history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stress.scenarios.errors import ScenarioError, suggest

Floats = npt.NDArray[np.float64]
SYSTEM = "system"  # all funds together
COLUMNS = {
    "fund": ("fund", "portfolio", "pod", "book"),
    "name": ("asset", "name", "instrument", "ticker", "id", "symbol"),
    "usd": ("position", "position_usd", "usd", "value", "market_value", "market_value_usd", "notional"),
}


@dataclass(frozen=True)
class Book:
    """Positions that are held through a backtest."""

    file: str
    funds: tuple[str, ...]  # and, last, `SYSTEM` where there is more than one
    positions: Floats  # (name, fund) signed USD


def read_book(source: str, names: tuple[str, ...], history: str) -> Book:
    """Read a scenario (file or library name) or a CSV with columns for fund, name and signed USD.

    Args:
        source: what to read.
        names: of the history, in its order.
        history: its file, in messages.

    Raises:
        ScenarioError: it cannot be read, or holds a name that the history lacks.
    """
    by_fund = _table(Path(source)) if source.lower().endswith(".csv") else _scenario(source)
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


def _table(path: Path) -> dict[str, dict[str, float]]:
    import pandas as pd

    file = str(path)
    try:
        table = pd.read_csv(path)
    except FileNotFoundError as error:
        raise ScenarioError("is not there", file=file, key="", allowed="a CSV file of positions") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, IsADirectoryError) as error:
        raise ScenarioError(f"is no table: {error}", file=file, key="", allowed="a CSV file of positions") from error
    lower = {str(column).strip().lower(): column for column in table.columns}
    chosen = {}
    for key, known in COLUMNS.items():
        hits = [lower[name] for name in known if name in lower]
        if len(hits) != 1:
            raise ScenarioError(
                "has no such column" if not hits else f"has {len(hits)} such columns",
                file=file,
                key="header",
                value=", ".join(map(str, hits or table.columns)),
                allowed=f"one of: {', '.join(known)}",
            )
        chosen[key] = hits[0]
    found: dict[str, dict[str, float]] = {}
    for row, (fund, name, usd) in enumerate(table[[chosen[key] for key in COLUMNS]].itertuples(index=False), start=1):
        amount = pd.to_numeric(usd, errors="coerce")
        if not np.isfinite(amount) or pd.isna(fund) or pd.isna(name):
            raise ScenarioError(
                "is no position", file=file, key=f"row {row}", value=f"{fund}, {name}, {usd}", allowed="fund, name, USD"
            )
        held = found.setdefault(str(fund).strip(), {})
        held[str(name).strip()] = held.get(str(name).strip(), 0.0) + float(amount)
    return found
