"""Coverage where forecasts overlap: exceptions of neighbouring days share most of their losses.

A circular block bootstrap keeps what neighbours share (Politis, D. and Romano, J. (1992), A circular block-resampling
procedure for stationary data): the share of exceptions is drawn anew in blocks of days, and the p-value says how often
it strays from the sample's own as far as that one does from the level. Few exceptions spread less than many, so the
spread is scaled to that of the level, by `sqrt(p(1-p)/(s(1-s)))` of a sample with the share s. Without any exception,
or with nothing else, there is nothing to draw from: NaN.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

DRAWS = 2_000
_BATCH = 200


def overlapping_coverage(
    beyond: npt.NDArray[np.bool_], probability: float, block: int, draws: int = DRAWS, seed: int = 1
) -> float:
    """p-value, two-sided, of as many exceptions as the level says.

    Args:
        beyond: (day,) whether the loss from that day on was above VaR.
        probability: of an exception where the forecast is right.
        block: days of a block: at least as many as a forecast has.
        draws: of the bootstrap.
        seed: of it.

    Raises:
        ValueError: fewer than two blocks of days.
    """
    days = len(beyond)
    if block < 1 or days < 2 * block:
        raise ValueError(f"{days} days; two blocks of {block} at least")
    share = float(beyond.mean())
    if share in (0.0, 1.0):
        return math.nan
    twice = np.concatenate([beyond, beyond]).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(twice)])
    whole, rest = divmod(days, block)
    random, found = np.random.default_rng(seed), []
    for first in range(0, draws, _BATCH):
        starts = random.integers(0, days, (min(_BATCH, draws - first), whole + bool(rest)))
        lengths = np.full(starts.shape[1], block)
        lengths[whole:] = rest
        found.append((sums[starts + lengths] - sums[starts]).sum(axis=1) / days)
    scale = math.sqrt(probability * (1.0 - probability) / (share * (1.0 - share)))
    apart = scale * np.abs(np.concatenate(found) - share)
    return float((1 + np.sum(apart >= abs(share - probability) - 1e-12)) / (draws + 1))
