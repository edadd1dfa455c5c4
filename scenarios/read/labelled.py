"""Numbers between labels, of a CSV file: matrices of correlations, loadings."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from stress.scenarios.csv.labelled import Labelled, plain_labelled
from stress.scenarios.csv.table import MATRIX
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read import units
from stress.scenarios.read.files import InputFiles


def read_labelled(path: str, key: str, files: InputFiles) -> Labelled:
    """Fractions by the labels of rows (first column) and columns (header); a file is read once.

    Args:
        path: of the file, relative to the scenario.
        key: that names it, in messages.
        files: of the scenario.

    Raises:
        ScenarioError: as `InputFiles.rows`; a label of two rows, a cell that is no number.
    """
    if path not in files.labelled:
        found = plain_labelled(files.table_text(path, key)) or _cell_by_cell(path, key, files)
        for label, rows in Counter(found.rows).items():
            if rows > 1:
                where = f"{key}.{label}"
                raise ScenarioError("has a row twice", file=Path(path).name, key=where, allowed="one row for each")
        files.labelled[path] = found
    return files.labelled[path]


def _cell_by_cell(path: str, key: str, files: InputFiles) -> Labelled:
    rows = files.rows(path, key, MATRIX)
    first, *columns = rows[0]
    values = np.array([[_number(row, first, column, path, key) for column in columns] for row in rows], np.float64)
    return Labelled(tuple(row[first] for row in rows), tuple(columns), values)


def _number(row: dict[str, str], first: str, column: str, path: str, key: str) -> float:
    try:
        return units.fraction(row[column])
    except units.UnitError as error:
        where = f"{key}.{row[first]}.{column}"
        raise ScenarioError(
            error.problem, file=Path(path).name, key=where, value=row[column], allowed=error.allowed
        ) from error
