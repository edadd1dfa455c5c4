"""Expected shortfall: the second test of Acerbi and Szekely.

Acerbi, C. and Szekely, B. (2014), Back-testing expected shortfall, Risk, December: with losses L, and VaR and ES at
level 1 - a, `Z2 = 1 - sum(L 1[L > VaR] / ES) / (T a)`. Its mean is 0 where the forecasts are right and negative
where losses are larger. Its law depends on the forecasts' tails and is simulated from them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def z2(losses: Floats, var: Floats, es: Floats, probability: float) -> float:
    """The statistic.

    Args:
        losses: (day,) what came, positive = loss.
        var: (day,) forecasts of the quantile at `1 - probability`.
        es: (day,) forecasts of the mean beyond it, positive.
        probability: a, of a loss beyond VaR.

    Raises:
        ValueError: an ES that is not positive, or shapes that differ.
    """
    if not losses.shape == var.shape == es.shape or losses.ndim != 1 or not len(losses):
        raise ValueError(f"losses {losses.shape}, VaR {var.shape} and ES {es.shape} are not one series each")
    if not np.all(es > 0):
        raise ValueError("Z2 needs a positive ES on every day")
    beyond = losses > var
    return float(1 - np.sum(losses[beyond] / es[beyond]) / (len(losses) * probability))


def simulated_z2(tails: Floats, probability: float, count: int, seed: int) -> Floats:
    """The statistic where the forecasts are right, (count,), sorted.

    Args:
        tails: (day, draw) losses beyond VaR that are forecast for each day, each over the ES of its day.
        probability: a, of a loss beyond VaR.
        count: of simulated histories.
        seed: of the simulation.
    """
    random = np.random.default_rng(seed)
    days, draws = tails.shape
    sums = np.zeros(count)
    hits = random.binomial(days, probability, count)
    owner = np.repeat(np.arange(count), hits)
    picked = tails[random.integers(days, size=len(owner)), random.integers(draws, size=len(owner))]
    np.add.at(sums, owner, picked)
    return np.sort(1 - sums / (days * probability))


def p_value(statistic: float, simulated: Floats) -> float:
    """Chance of a statistic as low or lower, from sorted simulations; never 0."""
    return float((np.searchsorted(simulated, statistic, side="right") + 1) / (len(simulated) + 1))
