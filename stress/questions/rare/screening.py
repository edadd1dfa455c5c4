"""What screening by the twin would simulate, and whether that is worth it for a question: from one plain pilot."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stress.engine.weighted.paths import screened
from stress.engine.weighted.sampler import Sampler
from stress.engine.weighted.screen import BAD, CHOSEN, ONE_IN, WORST, Screen
from stress.questions.rare.pilot import STAGES, Fitted, costs_of, event_of, judged, pilot_ids, variance_ratio
from stress.results.answers.rare.question import Question

PATHS = 65_536  # of the pilot: a loss of one in a thousand is on 65 of them


class _Pilot(NamedTuple):
    losses: npt.NDArray[Any]
    defaulted: npt.NDArray[np.bool_]
    weights: npt.NDArray[np.float64]


def fit_screen(sampler: Sampler, asked: Question, paths: int = PATHS) -> Fitted:
    """Fit the bound, and find what screening gains from a pilot that is screened itself: the weights of its paths say
    what the left-out ones would have added to the variance."""
    ids = pilot_ids(STAGES + 1, paths)
    static, calm = sampler.held_still(ids)
    count = min(max(1, round(WORST * paths)), paths)
    screen = Screen(float(np.partition(static, paths - count)[paths - count]), ONE_IN)
    losses, defaulted, components = screened(sampler, screen, ids, static, calm)
    pilot = _Pilot(losses, defaulted, screen.weights(components))
    event = event_of(pilot, asked)
    if event is None or not event.any():
        return Fitted(screen, math.nan, math.nan, math.nan, paths, "the pilot did not find the event")
    method = np.where(components == CHOSEN, float(ONE_IN), 1.0)
    fewer = variance_ratio(losses, pilot.weights, method, event, asked)
    costs = costs_of(sampler)
    simulated = float(np.mean((components == BAD) | (components == CHOSEN)))
    cost = costs.screened(simulated) / costs.plain(1.0 - float(calm.mean()))
    return judged(screen, fewer, cost, paths)
