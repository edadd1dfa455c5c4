"""Daily returns by name: a wide table of prices or returns, from a CSV file or a pandas table, checked cell by cell."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.scenarios.errors import ScenarioError

Floats = npt.NDArray[np.float64]
KINDS = ("prices", "returns", "log-returns")
FEWEST_DAYS = 100


@dataclass(frozen=True)
class History:
    """Log returns and where they came from."""

    returns: Floats  # (day, name) log returns
    names: tuple[str, ...]
    days: tuple[str, ...]  # (day,) ISO dates, the end of each return
    file: str
    sha256: str  # of the file; of the numbers, where a table was given
    kind: str  # what the table held, one of `KINDS`
    left_out: int = 0  # days on which no name had a cell

    @property
    def simple(self) -> Floats:
        """Simple returns (day, name)."""
        return np.expm1(self.returns)


def read_history(path: Path, kind: str = "prices") -> History:
    """Read a wide CSV: dates in the first column, a column a name.

    Raises:
        ScenarioError: no such file, no table, dates that do not ascend, a cell that is no number, or too few days.
    """
    import pandas as pd

    try:
        content = path.read_bytes()
        table = pd.read_csv(io.BytesIO(content), index_col=0)
    except FileNotFoundError as error:
        raise ScenarioError("is not there", file=str(path), key="", allowed="a CSV file of daily prices") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, IsADirectoryError) as error:
        problem = f"is no table: {error}"
        raise ScenarioError(problem, file=str(path), key="", allowed="a CSV file of daily prices") from error
    return history_of(table, kind, str(path), hashlib.sha256(content).hexdigest())


def history_of(table: Any, kind: str = "prices", file: str = "table", sha256: str = "") -> History:
    """The same from a pandas table, dates x names.

    Raises:
        ScenarioError: see `read_history`.
        ValueError: a kind other than `KINDS`.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; allowed: {', '.join(KINDS)}")
    names = tuple(str(column).strip() for column in table.columns)
    if not names:
        raise ScenarioError("has no names", file=file, key="header", allowed="dates, then a column a name")
    for place, name in enumerate(names):
        if not name or name in names[:place]:
            raise ScenarioError("stands there twice", file=file, key="header", value=name, allowed="a column a name")
    table = _dated(table, file)
    values = _numbers(table, names, file)
    empty: npt.NDArray[np.bool_] = np.all(np.isnan(values), axis=1)
    values, days = values[~empty], tuple(day for day, none in zip(table.index, empty.tolist(), strict=True) if not none)
    _check(values, names, days, kind, file)
    returns = np.diff(np.log(values), axis=0) if kind == "prices" else np.log1p(values) if kind == "returns" else values
    days = days[1:] if kind == "prices" else days
    if len(returns) < FEWEST_DAYS:
        allowed = f"at least {FEWEST_DAYS} daily returns"
        raise ScenarioError("has too few days", file=file, key="days", value=len(returns), allowed=allowed)
    still = np.flatnonzero(np.ptp(returns, axis=0) == 0)
    if still.size:
        raise ScenarioError("never moves", file=file, key=names[int(still[0])], allowed="a name with returns")
    _check_apart(returns, names, file)
    digest = sha256 or hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()
    return History(np.ascontiguousarray(returns), names, days, file, digest, kind, int(empty.sum()))


def _check_apart(returns: Floats, names: tuple[str, ...], file: str) -> None:
    """Refuse two names with the same returns, or with multiples of them: no law tells them apart."""
    apart = returns - returns.mean(axis=0)
    apart = np.round(apart / apart.std(axis=0) * np.sign(apart[np.abs(apart).argmax(axis=0), range(len(names))]), 6)
    seen: dict[bytes, str] = {}
    for name, values in zip(names, (apart + 0.0).T, strict=True):
        other = seen.setdefault(values.tobytes(), name)
        if other != name:
            raise ScenarioError(f"moves exactly as {other}", file=file, key=name, allowed="one of the two")


def _dated(table: Any, file: str) -> Any:
    """The table with ISO dates as its index, which have to ascend."""
    import pandas as pd

    dates = pd.to_datetime(pd.Index(table.index).astype(str), errors="coerce", format="ISO8601")
    wrong = np.flatnonzero(dates.isna())
    if wrong.size:
        place = int(wrong[0])
        raise ScenarioError(
            "is no date",
            file=file,
            key=f"row {place + 1}",
            value=str(table.index[place]),
            allowed="dates as 2025-04-03",
        )
    late = np.flatnonzero(dates[1:] <= dates[:-1])
    if late.size:
        place = int(late[0]) + 1
        raise ScenarioError(
            "does not come after the date above it",
            file=file,
            key=f"row {place + 1}",
            value=str(table.index[place]),
            allowed="one row a day, in their order",
        )
    return table.set_axis([f"{day:%Y-%m-%d}" for day in dates], axis=0)


def _numbers(table: Any, names: tuple[str, ...], file: str) -> Floats:
    """(day, name) with NaN for empty cells."""
    import pandas as pd

    columns = []
    for place, name in enumerate(names):
        column = table.iloc[:, place]
        numbers = pd.to_numeric(column, errors="coerce")
        wrong = np.flatnonzero(numbers.isna() & column.notna())
        if wrong.size:
            row = int(wrong[0])
            raise ScenarioError(
                "is no number", file=file, key=f"{name}, {table.index[row]}", value=column.iloc[row], allowed="a number"
            )
        columns.append(numbers.to_numpy(np.float64))
    return np.column_stack(columns)


def _check(values: Floats, names: tuple[str, ...], days: tuple[str, ...], kind: str, file: str) -> None:
    low = {"prices": 0.0, "returns": -1.0}.get(kind, -np.inf)
    allowed = {"prices": "a price above 0", "returns": "a simple return above -1"}.get(kind, "a log return")
    missing = np.argwhere(np.isnan(values))
    if missing.size:
        row, column = (int(x) for x in missing[0])
        raise ScenarioError(
            f"is empty, one of {len(missing)} such cells",
            file=file,
            key=f"{names[column]}, {days[row]}",
            allowed=f"{allowed} on every day that has any; levstress init mends such files: take its returns.csv",
        )
    wrong = np.argwhere(~(values > low) | ~np.isfinite(values))
    if wrong.size:
        row, column = (int(x) for x in wrong[0])
        value = float(values[row, column])
        raise ScenarioError("cannot be", file=file, key=f"{names[column]}, {days[row]}", value=value, allowed=allowed)
