"""Assets that move with others: whole log moves from own ones, `log P = (I + W) own`.

Own moves are an asset's draw, script, impact of what is traded of it and decay of that; `W` is what the own move of an
asset does to those that move with it, by every way (`scenarios.loadings`). Whatever moves a price goes through `whole`:
the outside shock, the rebound and the impact of a cascade. What is sold of an asset moves those that move with it, and
no other: a name tied to a sector moves with the sector's forced selling, and the sector not with that of the name.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jax import Array

from stress.kernels.linear import product, worked_out
from stress.kernels.structure import Structure


class Loadings(NamedTuple):
    """Numbers of loadings; None in `Params` where nobody has any."""

    whole: Array  # (asset, source) W; sources are `structure.sources`
    loaded: Array  # (asset, 1) bool: has loadings


def whole(structure: Structure, loadings: Loadings | None, own: Array) -> Array:
    """Whole log moves from own ones, (asset, path)."""
    if loadings is None:
        return own
    sources = worked_out(own)[np.array(structure.sources, np.int32)]
    return own + product(loadings.whole, sources)
