"""The correlation matrix of the draw: read, checked, blended and, where asked, repaired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stress.scenarios.csv.table import MATRIX
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import Floats
from stress.scenarios.read import units
from stress.scenarios.read.files import InputFiles
from stress.scenarios.schema.correlation import Correlation

_SYMMETRY = 1e-9
_INDEFINITE = 1e-9  # eigenvalues above minus this are rounding, not indefiniteness
MatrixInput = str | Mapping[str, Mapping[str, float]] | Sequence[Sequence[float]]


def resolve_correlation(
    table: Correlation | None,
    ids: Sequence[str],
    file_order: Sequence[str],
    files: InputFiles,
    key: str = "correlation",
) -> tuple[Floats, float]:
    """Matrix (asset, asset) in the order of `ids`, and the Frobenius distance the repair moved it (0 without one).

    Without a table the draws are independent. Rows without labels are in `file_order`; `key` is that of the table.

    Raises:
        ScenarioError: labels that do not match, not symmetric, diagonal not 1, outside [-1, 1], or indefinite
            without `repair = true`.
    """
    if table is None:
        return np.eye(len(ids)), 0.0
    if table.constant is not None:
        matrix = np.full((len(ids), len(ids)), table.constant)
        np.fill_diagonal(matrix, 1.0)
    else:
        matrix = read_matrix(table.matrix or [], f"{key}.matrix", ids, file_order, files)
    if table.blend is not None:
        other = read_matrix(table.blend.matrix, f"{key}.blend.matrix", ids, file_order, files)
        matrix = (1 - table.blend.weight) * matrix + table.blend.weight * other
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest >= -_INDEFINITE:
        return matrix, 0.0
    if not table.repair:
        raise ScenarioError(
            f"is indefinite: the smallest eigenvalue is {smallest:.3g}",
            file=files.scenario_file,
            key=f"{key}.matrix" if table.constant is None else f"{key}.constant",
            value=table.constant if table.constant is not None else _name(table.matrix),
            allowed=f"a positive semidefinite matrix; {key}.repair = true takes the nearest one",
        )
    try:
        repaired = nearest_correlation(matrix)
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise ScenarioError(
            f"cannot be made true: {error}",
            file=files.scenario_file,
            key=f"{key}.repair",
            value=True,
            allowed="a matrix that is closer to a correlation matrix",
        ) from error
    return repaired, float(np.linalg.norm(repaired - matrix))


def read_matrix(
    source: MatrixInput, key: str, ids: Sequence[str], file_order: Sequence[str], files: InputFiles
) -> Floats:
    """One matrix, checked, its rows and columns in the order of `ids`.

    Raises:
        ScenarioError: as `resolve_correlation`, short of definiteness.
    """
    file = Path(source).name if isinstance(source, str) else files.scenario_file
    if isinstance(source, (str, Mapping)):
        rows = _read_csv(source, key, files) if isinstance(source, str) else source
        _check_labels(rows, ids, key, file)
        for label, row in rows.items():
            _check_labels(row, ids, f"{key}.{label}", file)
        matrix = np.array([[rows[i][j] for j in ids] for i in ids], dtype=np.float64)
    else:
        sizes = {len(source), *(len(row) for row in source)}
        if sizes != {len(ids)}:
            raise ScenarioError(
                f"has {len(source)} rows of {sorted({len(row) for row in source})} entries",
                file=file,
                key=key,
                allowed=f"{len(ids)} rows of {len(ids)} entries, in the order of the assets in the file",
            )
        place = {label: n for n, label in enumerate(file_order)}
        order = [place[i] for i in ids]
        matrix = np.array(source, dtype=np.float64)[np.ix_(order, order)]
    _check_entries(matrix, ids, key, file)
    return (matrix + matrix.T) / 2


def nearest_correlation(matrix: Floats, tolerance: float = 1e-12, max_iterations: int = 100_000) -> Floats:
    """Nearest correlation matrix in the Frobenius norm (Higham 2002, IMA J. Numer. Anal. 22, algorithm 3.3).

    Alternating projections on the positive semidefinite matrices (with Dykstra's correction) and on those with unit
    diagonal. The last iterate is scaled to a unit diagonal, which keeps it semidefinite.

    Args:
        matrix: (n, n) symmetric.
        tolerance: relative change of the iterate at which it stops.
        max_iterations: where it gives up.

    Raises:
        ArithmeticError: no convergence.
    """
    iterate = matrix.copy()
    correction = np.zeros_like(matrix)
    for _ in range(max_iterations):
        shifted = iterate - correction
        values, vectors = np.linalg.eigh(shifted)
        semidefinite = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = semidefinite - shifted
        following = semidefinite.copy()
        np.fill_diagonal(following, 1.0)
        change = np.linalg.norm(following - iterate) / np.linalg.norm(following)
        iterate = following
        if change <= tolerance:
            scale = 1.0 / np.sqrt(np.diag(semidefinite))
            result: Floats = semidefinite * np.outer(scale, scale)
            result = (result + result.T) / 2
            np.fill_diagonal(result, 1.0)
            return result
    raise ArithmeticError(f"nearest correlation matrix: no convergence in {max_iterations} iterations")


def _read_csv(path: str, key: str, files: InputFiles) -> dict[str, dict[str, float]]:
    """Labelled matrix: the first column holds the row labels, the header the column labels."""
    file = Path(path).name
    matrix: dict[str, dict[str, float]] = {}
    for row in files.rows(path, key, MATRIX):
        cells = list(row.items())
        label = cells[0][1]
        if label in matrix:
            raise ScenarioError("has a row twice", file=file, key=f"{key}.{label}", allowed="one row for each asset")
        matrix[label] = {}
        for column, cell in cells[1:]:
            try:
                matrix[label][column] = units.fraction(cell)
            except units.UnitError as error:
                raise ScenarioError(
                    error.problem, file=file, key=f"{key}.{label}.{column}", value=cell, allowed=error.allowed
                ) from error
    return matrix


def _check_labels(labels: Mapping[str, object], ids: Sequence[str], key: str, file: str) -> None:
    known = set(ids)
    for label in labels:
        if label not in known:
            raise ScenarioError("is no asset", file=file, key=key, value=label, allowed=suggest(label, ids))
    missing = [i for i in ids if i not in labels]
    if missing:
        raise ScenarioError(
            f"lacks {', '.join(missing)}", file=file, key=key, allowed="a row and a column for every asset"
        )


def _check_entries(matrix: Floats, ids: Sequence[str], key: str, file: str) -> None:
    for wrong, problem, allowed in (
        (np.diag(np.abs(np.diag(matrix) - 1) > _SYMMETRY), "is not 1", "1 on the diagonal"),
        (np.abs(matrix) > 1 + _SYMMETRY, "is outside [-1, 1]", "a correlation between -1 and 1"),
        (np.abs(matrix - matrix.T) > _SYMMETRY, "is not the same as its mirror image", "a symmetric matrix"),
    ):
        if wrong.any():
            i, j = (int(x) for x in np.argwhere(wrong)[0])
            raise ScenarioError(
                problem, file=file, key=f"{key}.{ids[i]}.{ids[j]}", value=float(matrix[i, j]), allowed=allowed
            )


def _name(source: MatrixInput | None) -> str | None:
    return source if isinstance(source, str) else None
