"""Correlations that can be inverted: shrunk towards independence, by scikit-learn.

Ledoit, O. and Wolf, M. (2004), A well-conditioned estimator for large-dimensional covariance matrices, Journal of
Multivariate Analysis 88, 365-411; Chen, Y. et al. (2010), Shrinkage algorithms for MMSE covariance estimation (OAS),
IEEE Transactions on Signal Processing 58, 5016-5029.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
METHODS = ("ledoit-wolf", "oas", "sample")


class Correlation(NamedTuple):
    """An estimate."""

    matrix: Floats  # (name, name)
    shrinkage: float  # share of independence in it


def correlation(residuals: Floats, method: str = "ledoit-wolf") -> Correlation:
    """Of (day, name) returns over their volatilities.

    Raises:
        ValueError: a method other than `METHODS`.
    """
    from sklearn.covariance import ledoit_wolf, oas

    if method not in METHODS:
        raise ValueError(f"the method is {method!r}; allowed: {', '.join(METHODS)}")
    scaled = residuals - residuals.mean(axis=0)
    scaled = scaled / scaled.std(axis=0)
    if method == "sample" or scaled.shape[1] == 1:
        covariance, shrinkage = scaled.T @ scaled / len(scaled), 0.0
    else:
        covariance, shrinkage = (ledoit_wolf if method == "ledoit-wolf" else oas)(scaled, assume_centered=True)
    size = np.sqrt(np.diag(covariance))
    matrix = np.clip(covariance / np.outer(size, size), -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return Correlation((matrix + matrix.T) / 2, float(shrinkage))
