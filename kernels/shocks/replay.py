"""Steps that replay an episode: of the draw only what the episode leaves to each name stays.

A name that follows others by regression keeps the part of its draw that is uncorrelated with theirs, in the size of
the regression's residual; one that follows outright keeps nothing; the others are drawn as ever.
"""

from __future__ import annotations

from typing import NamedTuple

from jax import Array, lax

from stress.kernels.linear import product


class Replay(NamedTuple):
    """Numbers of a replay."""

    active: Array  # (step,) bool: the step replays a day
    rows: Array  # (freed, asset) picks the names whose draws are taken out of those of others
    gain: Array  # (asset, freed) regression of the draws on those; 0 of names that follow none
    kept: Array  # (asset, 1) share of what remains
    drawn: Array  # (asset, 1) 1 where a name is drawn as ever, mean included


def replayed(record: Replay, step: Array, moves: Array, mean: Array) -> Array:
    """The draw of a step with its mean, (asset, path), given its moves around it."""

    def left(moves: Array) -> Array:
        return record.kept * (moves - product(record.gain, product(record.rows, moves))) + record.drawn * mean

    found: Array = lax.cond(record.active[step], left, lambda moves: moves + mean, moves)
    return found
