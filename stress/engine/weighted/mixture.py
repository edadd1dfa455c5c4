"""The mixture that paths are drawn from: plain ones, a shift of every step in one direction, a large shock at one of
them, in a direction of its own or in any."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.engine.weighted.exponential import exponential
from stress.kernels.params import Params
from stress.kernels.shocks.tilt import SLOTS, Tilt

Floats = npt.NDArray[np.float64]
SPREAD = 619  # a slot's place in the order of the components: neighbours lie far apart, so any range of ids is balanced
SHIFTS = ("every_step", "course", "one_step", "other_steps", "scale_of_one_step")  # in a document
PLAIN = 0.2  # share of plain paths: no weight is above its inverse


@dataclass(frozen=True)
class Mixture:
    """Shares in SLOTS and shifts of its components: `plain`, `every step`, then for each step one with a large shock at
    it, then for each one at which all assets move more, whichever way.

    Attributes:
        slots: (component,) int, of SLOTS.
        steps: of the horizon.
        every: (row,) float32 shift of the normals of every step, times `course`.
        course: (step,) float32 how far each step is shifted: what happens early may do more, or less.
        once: (row,) float32 shift of those of the step of a large shock.
        others: (row,) float32 shift of those of the other steps beside it.
        scale: (row,) float32 shift of those of the step at which all move more; not 0 in the rows of common scales
            alone, see `kernels.shocks.student_t`.
    """

    slots: npt.NDArray[np.int64]
    steps: int
    every: npt.NDArray[np.float32]
    course: npt.NDArray[np.float32]
    once: npt.NDArray[np.float32]
    others: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]

    @classmethod
    def plain(cls, rows: int, steps: int, fat: bool) -> Mixture:
        """Nothing is shifted; `fat`: with components of single steps."""
        slots = np.zeros(2 + 2 * steps * fat, np.int64)
        slots[0] = SLOTS
        nothing = np.zeros(rows, np.float32)
        return cls(slots, steps, nothing, np.zeros(steps, np.float32), nothing, nothing, nothing)

    def fitted(
        self,
        every: Floats,
        course: Floats,
        once: Floats,
        others: Floats,
        scale: Floats,
        shares: tuple[float, float],
    ) -> Mixture:
        """A share of PLAIN; of the rest `shares` with a large shock, and with a large scale, at one step, at
        least a slot for each."""
        tilted = round(SLOTS * (1 - PLAIN))
        each = [max(1, int(tilted * share / self.steps)) for share in shares] if len(self.slots) > 2 else []
        single = np.repeat(np.array(each, np.int64), self.steps)
        slots = np.array([SLOTS - tilted, tilted - single.sum(), *single], np.int64)
        shifts = [x.astype(np.float32) for x in (every, course, once, others, scale)]
        return Mixture(slots, self.steps, *shifts)

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

    def shifts(self) -> npt.NDArray[np.float32]:
        """(2 x pair of steps, row and one more, component), see `kernels.shocks.tilt`."""
        found = np.zeros((2 * -(-self.steps // 2), len(self.every) + 1, len(self.slots)), np.float32)
        found[: self.steps, :-1, 1] = self.course[:, None] * self.every
        if len(self.slots) > 2:
            large, scale = found[:, :-1, 2 : 2 + self.steps], found[:, :-1, 2 + self.steps :]
            large[: self.steps] = self.others[:, None]
            for step in range(self.steps):
                large[step, :, step] = self.once
                scale[step, :, step] = self.scale
        return found

    def change(self, params: Params) -> Params:
        """The numbers of a scenario with this mixture."""
        tilt: Any = Tilt(self.of_slot(), self.shifts().astype(np.asarray(params.shocks.mean).dtype))  # type: ignore[arg-type]
        return params._replace(shocks=params.shocks._replace(tilt=tilt))

    @classmethod
    def of(cls, document: dict[str, Any], steps: int) -> Mixture:
        """From what `document` gives."""
        shifts = [np.array(document[name], np.float32) for name in SHIFTS]
        return cls(np.array(document["slots"], np.int64), steps, *shifts)

    def document(self) -> dict[str, Any]:
        """For a spec: all that it consists of, and its digest."""
        shifts = (self.every, self.course, self.once, self.others, self.scale)
        content: dict[str, Any] = {"slots": [int(x) for x in self.slots]}
        content |= {name: [float(x) for x in one] for name, one in zip(SHIFTS, shifts, strict=True)}
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
