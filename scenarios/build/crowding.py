"""Crowds: many funds of one strategy, built from a part that all hold alike and parts of their own.

Crowded funds are alike because they trade on the same signals, and unlike in the rest (Khandani and Lo 2011, "What
happened to the quants in August 2007?"); what matters to a cascade is the overlap of their positions, weighted by how
illiquid they are (Cont and Schaanning 2019, "Monitoring indirect contagion"), see `overlap`. Own parts are drawn once,
when the scenario is built, and are part of the scenario: paths draw nothing of them.
"""

from __future__ import annotations

import random
from statistics import NormalDist

import numpy as np

from stress.scenarios.problem import Bools, Floats

_SMALLEST = 2.0**-54  # in place of a uniform number that is exactly 0


def own_parts(weights: Floats, in_net: Bools, styles: int, seed: int) -> Floats:
    """Random portfolios over the assets of a fund type, with its long and short totals.

    Each has the totals of `weights` separately over assets that count in net leverage and over the others, so that
    gross and net come out alike. Sides and sizes are normal numbers scaled to those totals; where a group has both
    sides, draws with one side only are dropped.

    Args:
        weights: (asset,) signed positions of the type, any unit.
        in_net: (asset,) whether an asset counts in net leverage.
        styles: how many portfolios.
        seed: of the random numbers.

    Returns:
        (style, asset), in the unit of `weights`.
    """
    rng, normal = random.Random(seed), NormalDist()
    parts = np.zeros((styles, len(weights)))
    for style in range(styles):
        for group in (in_net, ~in_net):
            held = np.flatnonzero(group & (weights != 0))
            if len(held):
                parts[style, held] = _part(weights[held], rng, normal)
    return parts


def _part(weights: Floats, rng: random.Random, normal: NormalDist) -> Floats:
    longs, shorts = float(weights[weights > 0].sum()), float(-weights[weights < 0].sum())
    while True:
        draws = np.array([normal.inv_cdf(rng.random() or _SMALLEST) for _ in weights])
        if shorts == 0 or longs == 0:
            draws = np.abs(draws) * (1.0 if shorts == 0 else -1.0)
        up, down = np.maximum(draws, 0.0), np.maximum(-draws, 0.0)
        if (longs == 0 or up.any()) and (shorts == 0 or down.any()):
            break
    part = np.zeros(len(weights))
    if longs > 0:
        part += up * (longs / up.sum())
    if shorts > 0:
        part -= down * (shorts / down.sum())
    return part


def members_by_style(count: int, styles: int) -> list[int]:
    """Numbers 0, 1, ... of the members in the order (style, number), member n having the style n mod styles."""
    return sorted(range(count), key=lambda n: (n % styles, n))
