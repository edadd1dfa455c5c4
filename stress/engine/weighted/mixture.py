"""The mixture that paths are drawn from: plain ones, a shift of every step in one direction, a large shock at one of
them, in a direction of its own or in any."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stress.engine.weighted.exponential import exponential
from stress.kernels.params import Params
from stress.kernels.shocks.tilt import SLOTS, Tilt

Floats = npt.NDArray[np.float64]
SPREAD = 619  # a slot's place in the order of the components: neighbours lie far apart, so any range of ids is balanced
PLAIN = 0.2  # share of plain paths: no weight is above its inverse


class Shifts(NamedTuple):
    """What is added to the normals: of every step in one direction, or of one step and of the others beside it.

    Attributes:
        every: (row,) of every step, times `course`.
        course: (step,) how far each step is shifted: what happens early may do more, or less.
        once: (row,) of the step of a large shock.
        others: (row,) of the other steps beside it, times `beside`.
        beside: (step,) how far each of these is shifted.
        scale: (row,) of the step at which all move more; 0 but in the rows of common scales, see
            `kernels.shocks.student_t`.
    """

    every: npt.NDArray[Any]
    course: npt.NDArray[Any]
    once: npt.NDArray[Any]
    others: npt.NDArray[Any]
    beside: npt.NDArray[Any]
    scale: npt.NDArray[Any]


@dataclass(frozen=True)
class Mixture:
    """Shares in SLOTS and shifts of its components: `plain`, `every step`, then for each step one with a large shock at
    it, then for each one at which all assets move more, whichever way.

    Attributes:
        slots: (component,) int, of SLOTS.
        shifts: float32.
    """

    slots: npt.NDArray[np.int64]
    shifts: Shifts

    @classmethod
    def plain(cls, rows: int, steps: int, fat: bool) -> Mixture:
        """Nothing is shifted; `fat`: with components of single steps."""
        row, step = np.zeros(rows, np.float32), np.zeros(steps, np.float32)
        slots = np.zeros(2 + 2 * steps * fat, np.int64)
        slots[0] = SLOTS
        return cls(slots, Shifts(row, step, row, row, step, row))

    @classmethod
    def of_shares(cls, shifts: Shifts, shares: Floats) -> Mixture:
        """A share of PLAIN, and of the rest `shares`, (component less one,), of each other one: at least a slot, and
        what is rounded down goes to every step."""
        tilted = round(SLOTS * (1 - PLAIN))
        single = 1 + ((tilted - len(shares)) * shares[1:]).astype(np.int64)
        slots = np.array([SLOTS - tilted, tilted - single.sum(), *single], np.int64)
        return cls(slots, Shifts(*(x.astype(np.float32) for x in shifts)))

    @property
    def steps(self) -> int:
        """Of the horizon."""
        return len(self.shifts.course)

    @property
    def names(self) -> list[str]:
        """What the components are called."""
        single = [f"{what} {step + 1}" for what in ("step", "scale of step") for step in range(self.steps)]
        return ["plain", "every step", *single[: len(self.slots) - 2]]

    def of_slot(self) -> npt.NDArray[np.int32]:
        """The component of each slot, (SLOTS,)."""
        order = np.repeat(np.arange(len(self.slots)), self.slots)
        return order[np.arange(SLOTS) * SPREAD % SLOTS].astype(np.int32)

    def components(self, ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """The component of each path."""
        return self.of_slot()[(ids % np.uint64(SLOTS)).astype(np.int64)]

    def counts(self, first: int, paths: int) -> npt.NDArray[np.int64]:
        """(component,) how many of the paths `first` .. `first + paths - 1` each has."""
        rounds, rest = divmod(paths, SLOTS)
        there = self.components(np.uint64(first) + np.arange(rest, dtype=np.uint64))
        found: npt.NDArray[np.int64] = rounds * self.slots + np.bincount(there, minlength=len(self.slots))
        return found

    def added(self) -> npt.NDArray[np.float32]:
        """What each component adds to the normals, (2 x pair of steps, row and one more, component), see
        `kernels.shocks.tilt`."""
        every, course, once, others, beside, scale = self.shifts
        found = np.zeros((2 * -(-self.steps // 2), len(every) + 1, len(self.slots)), np.float32)
        found[: self.steps, :-1, 1] = course[:, None] * every
        if len(self.slots) > 2:
            large, wider = found[:, :-1, 2 : 2 + self.steps], found[:, :-1, 2 + self.steps :]
            large[: self.steps] = (beside[:, None] * others)[:, :, None]
            for step in range(self.steps):
                large[step, :, step] = once
                wider[step, :, step] = scale
        return found

    def change(self, params: Params) -> Params:
        """The numbers of a scenario with this mixture."""
        tilt: Any = Tilt(self.of_slot(), self.added().astype(np.asarray(params.shocks.mean).dtype))  # type: ignore[arg-type]
        return params._replace(shocks=params.shocks._replace(tilt=tilt))

    @classmethod
    def of(cls, document: dict[str, Any]) -> Mixture:
        """From what `document` gives."""
        shifts = [np.array(document[name], np.float32) for name in Shifts._fields]
        return cls(np.array(document["slots"], np.int64), Shifts(*shifts))

    def document(self) -> dict[str, Any]:
        """For a spec: all that it consists of, and its digest."""
        content: dict[str, Any] = {"slots": [int(x) for x in self.slots]}
        content |= {name: [float(x) for x in one] for name, one in self.shifts._asdict().items()}
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return {**content, "sha256": digest}


def weights(ratios: Floats, counts: npt.NDArray[np.int64]) -> Floats:
    """Of paths against a mixture: each path's plain likelihood over the mean of those of the components.

    Components are added one by one, so a path's weight is the same whatever paths stand beside it.

    Args:
        ratios: (component, path) logarithms of the components' likelihood over the plain one.
        counts: (component,) paths of each.
    """
    used = np.flatnonzero(counts)
    highest = ratios[used].max(axis=0)
    mean = np.zeros(ratios.shape[1])
    for component in used:
        mean += counts[component] / counts.sum() * exponential(ratios[component] - highest)
    found: Floats = exponential(-highest) / mean
    return found
