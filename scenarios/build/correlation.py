"""The correlation matrix of the draw: read, checked, blended and, where asked, repaired."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from stress.scenarios.csv.labelled import Labelled
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import Floats
from stress.scenarios.read.files import InputFiles
from stress.scenarios.read.labelled import read_labelled
from stress.scenarios.schema.correlation import SOURCES, Correlation
from stress.scenarios.shocks.loadings import correlation_of_factors, read_loadings

_SYMMETRY = 1e-9
_INDEFINITE = 1e-9  # eigenvalues above minus this are rounding, not indefiniteness
Tied = Mapping[str, Sequence[str]]  # assets with loadings, and all that each moves with
NOBODY: Tied = {}
MatrixInput = str | Mapping[str, Mapping[str, float]] | Sequence[Sequence[float]]


def resolve_correlation(
    table: Correlation | None,
    ids: Sequence[str],
    file_order: Sequence[str],
    files: InputFiles,
    key: str = "correlation",
    tied: Tied = NOBODY,
) -> tuple[Floats, float]:
    """Matrix (asset, asset) in the order of `ids`, and the Frobenius distance the repair moved it (0 without one).

    Without a table the draws are independent. Rows without labels are in `file_order`; `key` is that of the table.
    Assets with loadings (`tied`: all that they move with) draw what is their own, which a constant leaves out: it is
    uncorrelated. A matrix may leave them out, too, or correlate them with each other.

    Raises:
        ScenarioError: labels that do not match, not symmetric, diagonal not 1, outside [-1, 1], not 0 where loadings
            say how two assets move together, or indefinite without `repair = true`; factors as in `read_loadings`, or
            beside assets with loadings.
    """
    if table is None:
        return np.eye(len(ids)), 0.0
    if table.factor is not None:
        if tied:
            raise ScenarioError(
                "ties assets by factors, and some of them move with others by their loadings",
                file=files.scenario_file,
                key=f"{key}.factor",
                allowed="a matrix, which may leave out assets with loadings, or a constant",
            )
        matrix = correlation_of_factors(read_loadings(table.factor, f"{key}.factor", ids, files))
        if table.blend is None:  # semidefinite as it is made
            return matrix, 0.0
    elif table.constant is not None:
        free = np.array([name not in tied for name in ids])
        matrix = np.where(np.outer(free, free), table.constant, 0.0)
        np.fill_diagonal(matrix, 1.0)
    else:
        matrix = read_matrix(table.matrix or [], f"{key}.matrix", ids, file_order, files, tied)
    if table.blend is not None:
        other = read_matrix(table.blend.matrix, f"{key}.blend.matrix", ids, file_order, files, tied)
        matrix = (1 - table.blend.weight) * matrix + table.blend.weight * other
    if _semidefinite(matrix):
        return matrix, 0.0
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if not table.repair:
        raise ScenarioError(
            f"is indefinite: the smallest eigenvalue is {smallest:.3g}",
            file=files.scenario_file,
            key=f"{key}.{next(name for name in SOURCES if getattr(table, name) is not None)}",
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


def _semidefinite(matrix: Floats) -> bool:
    """By a Cholesky factor, which costs a twentieth of the eigenvalues."""
    try:
        np.linalg.cholesky(matrix + _INDEFINITE * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        return False
    return True


def read_matrix(
    source: MatrixInput,
    key: str,
    ids: Sequence[str],
    file_order: Sequence[str],
    files: InputFiles,
    tied: Tied = NOBODY,
) -> Floats:
    """One matrix, checked, its rows and columns in the order of `ids`; it may leave out all assets with loadings.

    Raises:
        ScenarioError: as `resolve_correlation`, short of definiteness.
    """
    file = Path(source).name if isinstance(source, str) else files.scenario_file
    table = read_labelled(source, key, files) if isinstance(source, str) else source
    labels = table.rows if isinstance(table, Labelled) else table if isinstance(table, Mapping) else None
    whole = len(table) == len(ids) if labels is None else any(name in labels for name in tied)
    if whole or not tied:
        matrix = _checked_matrix(table, key, file, ids, file_order)
        _check_own(matrix, ids, tied, key, file)
        return matrix
    matrix, at = np.eye(len(ids)), np.flatnonzero([name not in tied for name in ids])
    free, in_file = ([name for name in names if name not in tied] for names in (ids, file_order))
    matrix[np.ix_(at, at)] = _checked_matrix(table, key, file, free, in_file)
    return matrix


def _check_own(matrix: Floats, ids: Sequence[str], tied: Tied, key: str, file: str) -> None:
    """What is an asset's own is uncorrelated with all that it moves with, and with what has no loadings."""
    for i, asset in enumerate(ids):
        for j, other in enumerate(ids if asset in tied else ()):
            if matrix[i, j] != 0.0 and i != j and (other not in tied or other in tied[asset]):
                raise ScenarioError(
                    f"is not 0, and {asset} has loadings: its own draw is uncorrelated with what it may move with",
                    file=file,
                    key=f"{key}.{asset}.{other}",
                    value=float(matrix[i, j]),
                    allowed="0, or a matrix that leaves out assets with loadings",
                )


def _checked_matrix(
    source: Labelled | Mapping[str, Mapping[str, float]] | Sequence[Sequence[float]],
    key: str,
    file: str,
    ids: Sequence[str],
    file_order: Sequence[str],
) -> Floats:
    """A matrix as read, in the order of `ids`."""
    if isinstance(source, Labelled):
        _check_labels(source.rows, ids, key, file)
        _check_labels(source.columns, ids, f"{key}.{source.rows[0]}", file)
        rows_of, columns_of = ({label: n for n, label in enumerate(labels)} for labels in (source.rows, source.columns))
        matrix = source.values[np.ix_([rows_of[i] for i in ids], [columns_of[i] for i in ids])]
    elif isinstance(source, Mapping):
        _check_labels(source, ids, key, file)
        for label, row in source.items():
            _check_labels(row, ids, f"{key}.{label}", file)
        matrix = np.array([[source[i][j] for j in ids] for i in ids], dtype=np.float64)
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


def _check_labels(labels: Iterable[str], ids: Sequence[str], key: str, file: str) -> None:
    known = set(ids)
    for label in labels:
        if label not in known:
            raise ScenarioError("is no asset", file=file, key=key, value=label, allowed=suggest(label, ids))
    there = set(labels)
    missing = [i for i in ids if i not in there]
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
