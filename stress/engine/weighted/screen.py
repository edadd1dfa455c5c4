"""Screening by the twin: sales are simulated where the book held still loses most, and on few of the other paths.

Where funds trade on every path, a path with its sales costs several times as much as one on which the start book is
held still (its twin), and a path that is bad with sales is nearly always bad without them. So every path is held still.
Those that lose more by that than a bound, fitted to other paths, are simulated with all their sales and have weight 1;
of the others one in so many, and that number is its weight. Which one follows from its id alone, so estimates are
without bias whatever the twin is worth (Horvitz and Thompson 1952).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.uint64]
Floats = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]
WORST = 0.02  # share of paths, by the twin's loss, whose sales are all simulated
ONE_IN = 32  # of the others
CALM, BAD, CHOSEN, LEFT_OUT = range(4)  # components of the paths


class Screen(NamedTuple):
    """What is simulated with sales.

    Attributes:
        bound: loss held still from which on every path is.
        one_in: of the others one in so many is.
    """

    bound: float
    one_in: int

    @property
    def names(self) -> list[str]:
        """What the components are called."""
        others = f"one in {self.one_in:,} of the others"
        return ["nobody trades", "worst held still", others, "left out"]

    def components(self, ids: Ids, static: Floats, calm: Bools) -> npt.NDArray[np.int32]:
        """(path,) of CALM, BAD, CHOSEN, LEFT_OUT, by id, loss held still, and whether nobody trades."""
        rest = np.where(one_in(ids, self.one_in), CHOSEN, LEFT_OUT)
        return np.where(calm, CALM, np.where(static >= self.bound, BAD, rest)).astype(np.int32)

    def weights(self, components: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """(path,) by component: 1, 1, `one_in`, 0."""
        return np.array([1.0, 1.0, float(self.one_in), 0.0])[components]

    @classmethod
    def of(cls, document: dict[str, Any]) -> Screen:
        """From what `document` gives."""
        return cls(float(document["bound"]), int(document["one_in"]))

    def document(self) -> dict[str, Any]:
        """For a spec."""
        return {"bound": self.bound, "one_in": self.one_in}


def one_in(ids: Ids, count: int) -> Bools:
    """Every `count`-th id: so many of any range of them, or the same ids with every seed would count too much or too
    little. What is drawn for neighbours is independent."""
    chosen: Bools = ids % np.uint64(count) == 0
    return chosen
