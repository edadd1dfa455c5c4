"""The P&L attribution test of a mapping: names that are priced by others, by fund and in total."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.statistics.backtests.attribution import DAYS, pnl_attribution
from stress.scenarios.errors import ScenarioError, suggest

Floats = npt.NDArray[np.float64]
HEADER = ("name", "proxy", "loading")


def read_mapping(path: Path, names: tuple[str, ...]) -> Floats:
    """Matrix (name, proxy) of a CSV with the columns name, proxy, loading; a name that is not there is its own proxy.

    Raises:
        ScenarioError: no such file or columns, an unknown name, or a loading that is no number.
    """
    import pandas as pd

    file = str(path)
    try:
        table = pd.read_csv(path)
    except FileNotFoundError as error:
        raise ScenarioError("is not there", file=file, key="", allowed=f"a CSV file: {', '.join(HEADER)}") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ScenarioError(f"is no table: {error}", file=file, key="", allowed=", ".join(HEADER)) from error
    if tuple(map(str, table.columns)) != HEADER:
        found = ", ".join(map(str, table.columns))
        raise ScenarioError("has other columns", file=file, key="header", value=found, allowed=", ".join(HEADER))
    matrix, mapped = np.eye(len(names)), set[str]()
    for row, (name, proxy, loading) in enumerate(table.itertuples(index=False), start=1):
        for key, value in (("name", name), ("proxy", proxy)):
            if value not in names:
                raise ScenarioError(
                    "is no name of the history",
                    file=file,
                    key=f"row {row}, {key}",
                    value=value,
                    allowed=suggest(str(value), names),
                )
        size = pd.to_numeric(loading, errors="coerce")
        if not np.isfinite(size):
            raise ScenarioError("is no number", file=file, key=f"row {row}, loading", value=loading, allowed="a number")
        if name not in mapped:
            matrix[names.index(name)] = 0.0
            mapped.add(name)
        matrix[names.index(name), names.index(proxy)] += float(size)
    return matrix


def attribute(simple: Floats, positions: Floats, matrix: Floats, funds: tuple[str, ...]) -> xr.Dataset:
    """Test the last `DAYS` days, (day, name) simple returns: spearman, distance and zone by fund."""
    last = simple[-DAYS:]
    book, mapped = last @ positions, (last @ matrix.T) @ positions
    found = [pnl_attribution(mapped[:, f], book[:, f]) for f in range(len(funds))]
    return xr.Dataset(
        {
            "spearman": ("fund", [one.spearman for one in found], {"units": "1", "long_name": "rank correlation"}),
            "distance": (
                "fund",
                [one.distance for one in found],
                {"units": "1", "long_name": "Kolmogorov-Smirnov distance"},
            ),
            "zone": ("fund", [one.zone for one in found], {"units": "", "long_name": "zone of both"}),
        },
        {"fund": list(funds)},
        {"days": len(last)},
    )
