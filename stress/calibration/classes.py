"""Asset classes of the names of a history, and degrees of freedom of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from stress.calibration.student_t import DegreesOfFreedom, fit_dof
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.read.fields import AssetClass

Floats = npt.NDArray[np.float64]
NAMES, KINDS = ("id", "asset", "name", "ticker", "instrument"), ("asset_class", "class")


def read_classes(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Class by name, of a CSV file with a column of names and one of classes, such as `assets.csv` of an own book.

    An empty cell takes `assets.NAME.asset_class` of an `assumed.csv` beside the file.

    Raises:
        ScenarioError: no such file or columns, a name of the history that is not there, a word that is no class.
    """
    file, table = str(path), _table(path)
    columns = {str(column).strip().lower().replace(" ", "_"): column for column in table.columns}
    found = []
    for known in (NAMES, KINDS):
        hits = [columns[name] for name in known if name in columns]
        if not hits:
            allowed = f"a column {' or '.join(known)}"
            raise ScenarioError("lacks a column", file=file, key="header", value=list(columns), allowed=allowed)
        found.append(hits[0])
    of = {str(name).strip(): str(kind).strip() for name, kind in table[found].itertuples(index=False)}
    beside = path.with_name("assumed.csv")
    if any(not of.get(name, "none") for name in names) and beside.is_file():
        assumed = _table(beside)
        if {"key", "value"} <= set(assumed.columns):
            given = dict(zip(assumed["key"], assumed["value"], strict=True))
            of = {name: kind or str(given.get(f"assets.{name}.asset_class", "")).strip() for name, kind in of.items()}
    classes = get_args(AssetClass)
    for name in names:
        if name not in of:
            raise ScenarioError(f"lacks {name}", file=file, key=str(found[0]), allowed="a row for every name")
        if of[name] not in classes:
            raise ScenarioError("is no class", file=file, key=name, value=of[name], allowed=suggest(of[name], classes))
    return {name: of[name] for name in names}


def _table(path: Path) -> Any:
    """Cells of a CSV file, as text."""
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        allowed = "a CSV file of names and classes"
        raise ScenarioError(f"is no table: {error}", file=str(path), key="", allowed=allowed) from error


def dof_by_class(
    residuals: Floats, matrix: Floats, names: Sequence[str], classes: Mapping[str, str]
) -> dict[str, DegreesOfFreedom]:
    """Degrees of freedom of each class by itself: its names share a chi-square of their own.

    Args:
        residuals: (day, name) around 0.
        matrix: (name, name) their correlation.
        names: of the columns.
        classes: by name.
    """
    found = {}
    for kind in sorted(set(classes.values())):
        of_class = np.array([n for n, name in enumerate(names) if classes[name] == kind])
        found[kind] = fit_dof(residuals[:, of_class], matrix[np.ix_(of_class, of_class)])
    return found
