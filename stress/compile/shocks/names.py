"""Names of what is drawn: the kernel of a draw, and what the hash of random numbers knows assets and factors by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Problem


def drawn_by(problem: Problem) -> str:
    """The kernel's model of the draw: that of the file, or `factor` where its correlation is given by factors."""
    return problem.shocks.model if problem.shocks.factors is None else "factor"


def names(ids: Sequence[str]) -> npt.NDArray[np.uint32]:
    """What the hash knows an asset by, whatever others there are: the first two words of the SHA-256 of its id.

    Returns:
        (asset, 2) uint32.
    """
    digests = b"".join(hashlib.sha256(asset.encode()).digest()[:8] for asset in ids)
    return np.frombuffer(digests, ">u4").astype(np.uint32).reshape(-1, 2)
