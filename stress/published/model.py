"""What a published model is: inputs with their bounds, outputs with their axes, and its published numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from jax import Array

Floats = npt.NDArray[np.float64]
Values = Mapping[str, Floats]  # every input as given: (), (bank,), (bank, asset) ...
Numbers = Mapping[str, "Array"]  # the same for the kernels: numbers are (path,), vectors (entity, 1 or path)
Counts = Mapping[str, int]  # inputs that are compiled: how many rounds

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Input:
    """One input. `dims` = () is a number, else an array; a number given for an array stands for all its entries."""

    key: str
    meaning: str
    default: Any = None  # None: has to be given
    dims: tuple[str, ...] = ()
    above: float | None = None  # bounds that are not allowed themselves
    below: float | None = None
    least: float | None = None  # bounds that are
    most: float | None = None
    count: bool = False  # a whole number that is compiled

    @property
    def allowed(self) -> str:
        """The bounds as a phrase."""
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (
                ("more than", self.above),
                ("at least", self.least),
                ("less than", self.below),
                ("at most", self.most),
            )
            if bound is not None
        ]
        kind = "a whole number" if self.count else "a number"
        if self.dims:
            kind = {1: "a list of numbers", 2: "a list of lists of numbers"}[len(self.dims)]
            kind += f" by {' and '.join(self.dims)}"
        return " ".join([kind, *([", ".join(bounds)] if bounds else [])])

    def refuses(self, value: Floats) -> npt.NDArray[np.bool_]:
        """Which entries are no finite numbers within the bounds."""
        bad = ~np.isfinite(value)
        if self.above is not None:
            bad |= ~(value > self.above)
        if self.below is not None:
            bad |= ~(value < self.below)
        if self.least is not None:
            bad |= ~(value >= self.least)
        if self.most is not None:
            bad |= ~(value <= self.most)
        return bad | (value != np.floor(value)) if self.count else bad


@dataclass(frozen=True)
class Output:
    """One output. An axis `round` ends with the last round in which something was sold, `step` is shown in full."""

    name: str
    meaning: str
    dims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Expected:
    """A published output, as printed: its digits set the tolerance."""

    name: str
    printed: Any  # decimal text, or nested lists of it; the leading entries where ours has more rounds
    unit: str = ""
    within: float = 0.0  # of numbers that were simulated: how far off they may be

    def values(self) -> Floats:
        """The printed numbers."""
        return np.array(self.printed, dtype=np.float64)

    def tolerance(self) -> float:
        """Half a unit of the last printed digit, at least 1e-9; whole numbers are meant exactly, unless simulated."""
        texts = [str(x) for x in np.array(self.printed, dtype=object).ravel()]
        decimals = max(len(text.partition(".")[2]) for text in texts)
        return max(TOLERANCE, self.within, 0.5 * 10.0**-decimals if decimals else 0.0) * (1.0 + 1e-9)


@dataclass(frozen=True)
class Case:
    """Published outputs at one setting of the inputs."""

    outputs: tuple[Expected, ...]
    inputs: Mapping[str, Any] = field(default_factory=dict)  # that differ from the defaults
    data_sha256: str = ""  # of the inputs without a default, see `solve.fingerprint`


@dataclass(frozen=True)
class Model:
    """A published model as a configuration of the kernels."""

    name: str
    title: str
    source: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    # Pure JAX: numbers and counts -> every output with a trailing path axis; without the flag, only those without an
    # axis of banks, rounds or steps.
    evaluate: Callable[[Numbers, Counts, bool], dict[str, Array]]
    cases: tuple[Case, ...] = ()
    # Closed form by other means, where there is one: every setting can be checked against it.
    formula: Callable[[Values], dict[str, Floats]] | None = None
    formula_within: float = TOLERANCE  # its own accuracy, of numbers above 1 in proportion
    errors: Mapping[str, str] = field(default_factory=dict)  # simulated output -> the one that is its standard error
    # What bounds of single inputs cannot say: (key, value, problem, allowed) of each fault.
    faults: Callable[[Values], list[tuple[str, object, str, str]]] = lambda values: []
    notes: Callable[[Mapping[str, npt.NDArray[Any]]], list[str]] = lambda outputs: []
    asset_labels: tuple[str, ...] = ()

    def input(self, key: str) -> Input:
        """The input of that key."""
        return next(x for x in self.inputs if x.key == key)
