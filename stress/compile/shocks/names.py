"""What the hash of random numbers knows an asset, a factor or a class by."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def names(ids: Sequence[str]) -> npt.NDArray[np.uint32]:
    """What the hash knows an asset by, whatever others there are: the first two words of the SHA-256 of its id.

    Returns:
        (asset, 2) uint32.
    """
    digests = b"".join(hashlib.sha256(asset.encode()).digest()[:8] for asset in ids)
    return np.frombuffer(digests, ">u4").astype(np.uint32).reshape(-1, 2)
