"""Mean and standard deviation of the draw of one step; of assets with loadings, of what is their own."""

from __future__ import annotations

import math

import numpy as np

from stress.scenarios.problem import TRADING_DAYS, Assets, Floats, Shocks


def step_deviation(shocks: Shocks, assets: Assets, steps_per_day: int) -> Floats:
    """Standard deviation of the draw of a step, (asset,)."""
    found: Floats = shocks.scale * assets.shock_vol / math.sqrt(TRADING_DAYS * steps_per_day)
    return found


def step_mean(shocks: Shocks, assets: Assets, deviation: Floats, steps_per_day: int) -> Floats:
    """Mean log return of the draw of a step, (asset,), from its standard deviation (asset,).

    A drift is not added twice: assets with loadings have that of what they move with. `martingale` leaves mean prices
    where they are under gaussian draws, also of assets with loadings.
    """
    if not shocks.martingale:
        return np.where(assets.loaded, 0.0, shocks.drift / (TRADING_DAYS * steps_per_day))
    if assets.loadings is None:
        return -0.5 * deviation**2
    return assets.loadings.means(shocks.correlation * np.outer(deviation, deviation))
