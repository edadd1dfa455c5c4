"""The group `ablate`: each figure with everything on, without one mechanism, and stage by stage, with paired errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.answers.ablation.words import BASE
from stress.results.answers.world import BY_FUND, BY_LEVEL, Figure, World, difference, in_its_unit
from stress.results.dataset.units import description
from stress.results.statistics import paired
from stress.results.statistics.paired import Influence

Floats = npt.NDArray[np.float64]
SYSTEM = "system"
WORDS = {
    "full": "everything on",
    "without": "without the mechanism alone",
    "added": "everything on less without the mechanism",
    "stage": "with the mechanisms up to this one",
    "step": "what the mechanism adds to those before it",
    "total": "everything on less without all of them",
    "interaction": "sum of what each adds to all others, less what they add together",
}
DIMS: dict[str, tuple[str, ...]] = {
    "full": (),
    "without": ("without",),
    "added": ("without",),
    "stage": ("stage",),
    "step": ("stage",),
    "total": (),
    "interaction": (),
}


@dataclass(frozen=True)
class Worlds:
    """The worlds of an ablation: `alone` without one mechanism each, `stages` from the base up to everything."""

    alone: Mapping[str, World]
    stages: Mapping[str, World]  # BASE, then by the mechanism that is added; the last one is the whole scenario

    @property
    def full(self) -> World:
        """The whole scenario."""
        return list(self.stages.values())[-1]


def ablation_dataset(worlds: Worlds, funds: Sequence[str], levels: Sequence[str], random: bool) -> xr.Dataset:
    """Every figure of every world, and the differences between worlds with errors from the paths they share.

    Args:
        worlds: their paths.
        funds: in the order of the rows, without the system.
        levels: of VaR and ES, decimal texts.
        random: whether anything is drawn; else all paths are one and no figure has an error.

    Returns:
        Dims without (mechanism), stage ("base", then mechanisms in the order in which they are put back), fund
        ("system" last) and level. For every NAME of BY_LEVEL and BY_FUND the parts of WORDS: NAME_full,
        NAME_without, NAME_added, NAME_stage, NAME_step (NaN at the base), NAME_total, NAME_interaction, each with
        NAME_PART_se.
    """
    rows = [*funds, SYSTEM]
    data: dict[str, Any] = {}
    for name in (*BY_LEVEL, *BY_FUND):
        at: Sequence[str | None] = levels if name in BY_LEVEL else [None]
        cells = [[_cell(worlds, name, row, level) for level in at] for row in range(len(rows))]
        units, long_name = description(name)
        for part, text in WORDS.items():
            values, errors = (
                np.array([[[one[i] for one in cell[part]] for cell in row] for row in cells], np.float64)
                for i in (0, 1)
            )  # (fund, level, entry)
            dims = (*DIMS[part], "fund", "level") if name in BY_LEVEL else (*DIMS[part], "fund")
            if not random:
                errors = np.where(np.isnan(values), np.nan, 0.0)
            for suffix, table in (("", values), ("_se", errors)):
                table = np.moveaxis(table, -1, 0)
                table = table if name in BY_LEVEL else table[:, :, 0]
                label = f"{text}: {long_name}" if not suffix else f"standard error of {text}: {long_name}"
                data[f"{name}_{part}{suffix}"] = (
                    dims,
                    table if DIMS[part] else table[0],
                    {"units": units, "long_name": label},
                )
    coords = {
        "without": ("without", list(worlds.alone), {"units": "1", "long_name": "mechanism that is taken out"}),
        "stage": ("stage", list(worlds.stages), {"units": "1", "long_name": "mechanism that is put back last"}),
        "fund": ("fund", rows, dict(zip(("units", "long_name"), description("fund"), strict=True))),
        "level": ("level", [float(x) for x in levels], {"units": "1", "long_name": "level of VaR and ES"}),
    }
    return xr.Dataset(data, coords)


def _cell(worlds: Worlds, name: str, row: int, level: str | None) -> dict[str, list[tuple[float, float]]]:
    """(value, error) of each part of WORDS for one row and level, a list along `without` or `stage`."""
    known: dict[int, Figure] = {}

    def figure(world: World) -> Figure:
        if id(world) not in known:
            known[id(world)] = world.figure(name, row, level)
        return known[id(world)]

    full, base = figure(worlds.full), figure(worlds.stages[BASE])
    alone, stages = ([figure(world) for world in some.values()] for some in (worlds.alone, worlds.stages))
    total = difference(base, full)
    interaction = sum(difference(one, full)[0] for one in alone) - total[0]
    return {
        "full": [_estimate(full)],
        "without": [_estimate(one) for one in alone],
        "added": [difference(one, full) for one in alone],
        "stage": [_estimate(one) for one in stages],
        "step": [(math.nan, math.nan), *(difference(a, b) for a, b in pairwise(stages))],
        "total": [total],
        "interaction": [(interaction, _error_of_interaction(full, base, alone))],
    }


def _estimate(figure: Figure) -> tuple[float, float]:
    return figure.estimate.value, figure.estimate.se


def _error_of_interaction(full: Figure, base: Figure, alone: Sequence[Figure]) -> float:
    """Of sum_i (full - without_i) - (full - base), one mean over the paths."""
    parts = [in_its_unit(one.influence) for one in (full, base, *alone)]
    if any(part is None for part in parts):
        return math.nan
    of_full, of_base, *others = (part for part in parts if part is not None)
    begin = paired.combined(of_full, of_base, len(alone) - 1.0, 1.0)
    whole = reduce(lambda sum_, one: paired.combined(sum_, one, 1.0, -1.0), others, begin)
    nothing = Influence(np.zeros_like(whole.values), None, whole.tail)
    return paired.error_of_difference(nothing, whole, len(whole.values), len(whole.values))
