"""What each asset has of a few factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.scenarios.brief import Brief

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class FactorLoadings(Brief):
    """Normals of variance 1 by few factors: `weights f + specific e`, all of `f` and `e` independent."""

    names: tuple[str, ...]  # (factor,) sorted
    weights: Floats  # (asset, factor)
    specific: Floats  # (asset,)
