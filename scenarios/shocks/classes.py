"""What degrees of freedom by asset class do to the correlation of the draw."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from stress.scenarios.problem import Assets, Floats


def mixed_tails(correlation: Floats, assets: Assets, by_class: Mapping[str, float]) -> Floats:
    """Correlation of draws whose normals have `correlation`, where each class has a chi-square of its own.

    Between two classes it is smaller, by the product of both `E[sqrt((nu - 2)/chi2)]`.
    """
    if not by_class:
        return correlation
    mean = np.array([mean_scale(by_class[name]) for name in assets.asset_class])
    same = np.equal.outer(np.array(assets.asset_class), np.array(assets.asset_class))
    mixed: Floats = np.where(same, correlation, correlation * np.outer(mean, mean))
    return mixed


def mean_scale(dof: float) -> float:
    """`E[sqrt((nu - 2)/chi2)]`, between 0 and 1."""
    half = dof / 2.0
    return math.exp(0.5 * math.log(half - 1.0) + math.lgamma(half - 0.5) - math.lgamma(half))


def between_classes(by_class: Mapping[str, float]) -> dict[str, float]:
    """What the correlation of the normals of two classes is multiplied by, under "equity and rates"; empty: nothing."""
    pairs = combinations(sorted(by_class), 2)
    return {f"{one} and {other}": mean_scale(by_class[one]) * mean_scale(by_class[other]) for one, other in pairs}
