"""Options at the start: gammas and thetas beside deltas, and what a move of the underlyings makes of them.

A position of a fund in an asset has a delta `X` (USD, its position), a gamma `G` and a theta `T`. After a relative move
`m` of the asset since the start, and `t` days, it has earned

    X m + G m^2/2 + T t        (USD)

so gamma is what delta, in units worth a dollar at the start, changes by as the asset moves by 100 %: with a price `S`,
`S^2` times the sum of second derivatives (the "dollar gamma" of a 1 % move is a hundredth of it). Delta follows every
move, `X + G m` units; gamma and theta stay what they are. That is delta-gamma-theta, not full revaluation: an option
that runs through its strike, or to its expiry, is worth something else (`docs/options.md` has figures).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stress.scenarios.problem import Books, Floats

MOVE = 0.10  # of all underlyings, in what `levstress check` tells
NOT_REVALUED = (
    "options earn delta, gamma and theta, which is not full revaluation: of calls and puts sold at the money, a loss "
    "that full revaluation exceeds with 1.01 % is exceeded with 1.22 %; large moves and short expiries are further off"
)


class Options(NamedTuple):
    """Gammas and thetas of a book, (asset,), in the unit of its weights; theta a day."""

    gamma: Floats
    theta: Floats

    def times(self, factor: float) -> Options:
        """All of them scaled."""
        return Options(self.gamma * factor, self.theta * factor)

    @property
    def size(self) -> float:
        """Sum of absolute numbers."""
        return float(np.abs(self.gamma).sum() + np.abs(self.theta).sum())


def start_options(books: Books) -> Options | None:
    """Gammas and thetas, (book, asset), in USD at the start; None where no book has options."""
    if books.gamma is None or books.theta is None:
        return None
    size = np.where(books.start_held > 0, books.size, 0.0)[:, None]
    return Options(size * books.gamma[books.shape_of], size * books.theta[books.shape_of])


def moved(positions: Floats, gamma: Floats | None, price: Floats) -> Floats:
    """USD of deltas at prices over the start, shapes that broadcast: `(X + G (P - 1)) P`."""
    return positions * price if gamma is None else (positions + gamma * (price - 1.0)) * price


def earned(positions: Floats, gamma: Floats | None, move: Floats) -> Floats:
    """USD that relative moves since the start bring, shapes that broadcast: `X m + G m^2/2`."""
    return positions * move if gamma is None else positions * move + 0.5 * gamma * move**2
