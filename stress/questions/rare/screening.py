"""What screening by the twin would simulate, and whether that is worth it for a question: from one plain pilot."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stress.engine.weighted.sampler import Sampler
from stress.engine.weighted.screen import BAD, CHOSEN, Screen
from stress.questions.rare.pilot import STAGES, Fitted, costs_of, event_of, judged, pilot_ids, variance_ratio
from stress.results.answers.rare.question import Question

WORST = 0.02  # share of paths, by the twin's loss, whose sales are all simulated
ONE_IN = 32  # of the others
PATHS = 32_768  # of the pilot: a loss of one in a thousand is on 33 of them


class _Pilot(NamedTuple):
    losses: npt.NDArray[np.float64]
    defaulted: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float64]


def fit_screen(sampler: Sampler, asked: Question, paths: int = PATHS) -> Fitted:
    """Fit the bound, and find what screening gains: all paths of the pilot are simulated, so what the left-out ones
    would have added to the variance is known."""
    ids = pilot_ids(STAGES + 1, paths)
    static, calm = sampler.held_still(ids)
    count = min(max(1, round(WORST * paths)), paths)
    screen = Screen(float(np.partition(static, paths - count)[paths - count]), ONE_IN)
    found = sampler.simulate(None, ids)
    pilot = _Pilot(found.losses.astype(np.float64), found.defaulted, np.ones(paths))
    event = event_of(pilot, asked)
    if event is None or not event.any():
        return Fitted(screen, math.nan, math.nan, math.nan, paths, "the pilot did not find the event")
    components = screen.components(ids, static, calm)
    bad = static >= screen.bound
    method = np.where(calm | bad, 1.0, float(ONE_IN))
    fewer = variance_ratio(pilot.losses, pilot.weights, method, event, asked)
    costs = costs_of(sampler)
    simulated = float(np.mean((components == BAD) | (components == CHOSEN)))
    cost = costs.screened(simulated) / costs.plain(found.with_sales / paths)
    return judged(screen, fewer, cost, paths)
