"""`[correlation] factor`: a correlation `B B' + diag(1 - |B_i|^2)` from what each asset has of a few factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import ROUNDING, FactorLoadings, Floats
from stress.scenarios.read.files import InputFiles
from stress.scenarios.read.labelled import read_labelled

MOST_FACTORS = 500


def read_loadings(
    source: str | Mapping[str, Mapping[str, float]], key: str, ids: Sequence[str], files: InputFiles
) -> FactorLoadings:
    """Loadings in the order of `ids`, factors sorted by name; a factor that an asset does not name is 0 there.

    Args:
        source: a labelled CSV, an asset a row and a factor a column, or a table of tables.
        key: that names the source, in messages.
        ids: of the assets.
        files: of the scenario.

    Raises:
        ScenarioError: labels that are no assets, an asset without a row, no factor, squares that sum to more than 1.
    """
    file = Path(source).name if isinstance(source, str) else files.scenario_file
    labels, names, given = _table(source, key, files)
    known = set(ids)
    for label in labels:
        if label not in known:
            raise ScenarioError("is no asset", file=file, key=key, value=label, allowed=suggest(label, ids))
    place = {label: n for n, label in enumerate(labels)}
    if missing := [asset for asset in ids if asset not in place]:
        raise ScenarioError(f"lacks {missing[0]}", file=file, key=key, allowed="a row for every asset")
    if not 1 <= len(names) <= MOST_FACTORS:
        raise ScenarioError(f"has {len(names)} factors", file=file, key=key, allowed=f"1 to {MOST_FACTORS} factors")
    order = sorted(range(len(names)), key=lambda n: names[n])
    weights = given[np.ix_([place[asset] for asset in ids], order)]
    squares = (weights**2).sum(axis=1)
    if (squares > 1.0 + ROUNDING).any():
        i = int(squares.argmax())
        raise ScenarioError(
            f"has loadings whose squares sum to {squares[i]:.6g}",
            file=file,
            key=f"{key}.{ids[i]}",
            allowed="1 at most: they are correlations with independent factors, and the rest is the asset's own",
        )
    return FactorLoadings(tuple(names[n] for n in order), weights, np.sqrt(np.maximum(1.0 - squares, 0.0)))


def correlation_of_factors(loadings: FactorLoadings) -> Floats:
    """The correlation (asset, asset) that loadings make."""
    matrix: Floats = loadings.weights @ loadings.weights.T
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _table(
    source: str | Mapping[str, Mapping[str, float]], key: str, files: InputFiles
) -> tuple[Sequence[str], Sequence[str], Floats]:
    """Assets, factors, and loadings (asset, factor), as they stand there."""
    if isinstance(source, str):
        return read_labelled(source, key, files)
    names = tuple(dict.fromkeys(name for row in source.values() for name in row))
    return tuple(source), names, np.array([[row.get(n, 0.0) for n in names] for row in source.values()], np.float64)
