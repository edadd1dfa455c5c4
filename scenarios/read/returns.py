"""A history of daily returns: read, checked, as log returns of the scenario's assets."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from stress.scenarios.csv.table import MATRIX
from stress.scenarios.errors import ScenarioError, ScenarioWarning
from stress.scenarios.problem import Floats
from stress.scenarios.read import units
from stress.scenarios.read.files import InputFiles

FILE = "returns.csv"  # beside a scenario, as `levstress init` writes it: daily log returns
FEWEST_DAYS, MOST_DAYS = 30, 20_000
MOST_NUMBERS = 1_000_000  # assets times days: a history stands in full in every record of a run
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST_NAMED = 5


def read_returns(
    source: str | Mapping[str, Sequence[float]], kind: str, key: str, ids: Sequence[str], files: InputFiles
) -> Floats:
    """Daily log returns (asset, day) in the order of `ids`.

    Args:
        source: a CSV file, a day a row and its date first, an asset a column; or lists by asset id.
        kind: "simple" or "log".
        key: that names the source, in messages.
        ids: of the assets; further columns are left out, which is said in a warning.
        files: of the scenario.

    Raises:
        ScenarioError: an asset without a column, an empty cell, a date twice or out of order, too few days, a return
            that leaves no price, returns that are all the same.
    """
    file = Path(source).name if isinstance(source, str) else files.scenario_file
    labels, columns = _read_csv(source, key, ids, files) if isinstance(source, str) else ([], source)
    for asset in ids:
        if asset not in columns:
            raise ScenarioError(f"lacks {asset}", file=file, key=key, allowed="a column for every asset")
    if extra := [name for name in columns if name not in set(ids)]:
        more = len(extra) - _MOST_NAMED
        named = ", ".join(extra[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        warnings.warn(f"{file}: {key}: no asset of the scenario, left out: {named}", ScenarioWarning, stacklevel=2)
    if (count := max(len(columns[asset]) for asset in ids)) * len(ids) > MOST_NUMBERS:
        allowed = f"{MOST_NUMBERS:,} numbers at most"
        raise ScenarioError(f"has {count} days of {len(ids)} assets", file=file, key=key, allowed=allowed)
    return _checked(labels, columns, kind, key, ids, file)


def known_returns(
    source: str | Mapping[str, Sequence[float]] | None,
    kind: str,
    key: str,
    wanted: Callable[[str], object],
    files: InputFiles,
) -> dict[str, Floats]:
    """Daily log returns (day,) by name, of those columns of a file that are wanted; none without a file.

    Args:
        source: as of `read_returns`; None: `FILE` in the scenario's folder, where there is one.
        kind: "simple" or "log".
        key: that names the source, in messages.
        wanted: whether a column of that name is.
        files: of the scenario.

    Raises:
        ScenarioError: as `read_returns`, of the names that are there.
    """
    if source is None:
        if files.folder is None or not (files.folder / FILE).is_file():
            return {}
        source = FILE
    file = Path(source).name if isinstance(source, str) else files.scenario_file
    every = list(files.rows(source, key, MATRIX)[0])[1:] if isinstance(source, str) else list(source)
    there = [name for name in every if wanted(name)]
    labels, columns = _read_csv(source, key, there, files) if isinstance(source, str) else ([], source)
    return dict(zip(there, _checked(labels, columns, kind, key, there, file), strict=True)) if there else {}


def _checked(
    labels: Sequence[str],
    columns: Mapping[str, Sequence[float]],
    kind: str,
    key: str,
    ids: Sequence[str],
    file: str,
) -> Floats:
    """Log returns (asset, day) of some columns."""
    days = {len(columns[asset]) for asset in ids}
    if len(days) > 1:
        raise ScenarioError(f"has columns of {sorted(days)} days", file=file, key=key, allowed="as many days in each")
    (count,) = days
    if not FEWEST_DAYS <= count <= MOST_DAYS:
        allowed = f"{FEWEST_DAYS} to {MOST_DAYS:,} days"
        raise ScenarioError(f"has {count} days of {len(ids)} assets", file=file, key=key, allowed=allowed)
    values = np.array([columns[asset] for asset in ids], np.float64)
    least = -0.9999 if kind == "simple" else np.log(0.0001)
    for wrong, problem, allowed in (
        ((values < least) | (np.abs(values) > 10), "is no daily return", f"a return between {least:.6g} and 10"),
        (np.ptp(values, axis=1, keepdims=True) == 0, "is the same on every day", "returns that differ"),
    ):
        if wrong.any():
            i, day = (int(x) for x in np.argwhere(wrong)[0])
            at = f"{key}.{ids[i]}" + (f".{labels[day]}" if labels and wrong.shape[1] > 1 else "")
            raise ScenarioError(problem, file=file, key=at, value=float(values[i, day]), allowed=allowed)
    return np.log1p(values) if kind == "simple" else values


def _read_csv(
    path: str, key: str, ids: Sequence[str], files: InputFiles
) -> tuple[list[str], dict[str, Sequence[float]]]:
    """Dates, and the column of each asset; other columns are empty."""
    file, rows = Path(path).name, files.rows(path, key, MATRIX)
    first, *names = rows[0]
    labels = [row[first] for row in rows]
    dated = all(_ISO.fullmatch(label) for label in labels)
    for before, label in pairwise(labels):
        if before == label or (dated and before > label):
            problem = "stands twice" if before == label else f"follows {before}"
            raise ScenarioError(problem, file=file, key=key, value=label, allowed="distinct days, the oldest first")
    wanted, columns = set(ids), dict[str, Sequence[float]]()
    for name in names:
        columns[name] = [_number(row[name], file, f"{key}.{name}.{row[first]}") for row in rows if name in wanted]
    return labels, columns


def _number(cell: str, file: str, key: str) -> float:
    try:
        return units.fraction(cell)
    except units.UnitError as error:
        problem = error.problem if cell else "is empty"
        raise ScenarioError(problem, file=file, key=key, value=cell, allowed=error.allowed) from error
