"""How much fund types hold in common at the start: overlap of positions, weighted by illiquidity, in days of volume."""

from __future__ import annotations

import math

import numpy as np

from stress.scenarios.build.requirement import start_positions
from stress.scenarios.problem import TRADING_DAYS, Floats, Problem


def type_positions(problem: Problem) -> Floats:
    """Start positions of each fund type, net over its books and members: (type, asset), USD, types sorted by id."""
    total = np.zeros((len(problem.funds.types), len(problem.assets.ids)))
    np.add.at(total, problem.funds.type_of[problem.books.fund_of], start_positions(problem.books))
    return total


def type_exposure(problem: Problem) -> tuple[Floats, Floats]:
    """Start gross and net of each fund type, two of (type,) USD, types by id; net over the assets that count in it."""
    positions, of_type = start_positions(problem.books), problem.funds.type_of[problem.books.fund_of]
    gross, net = np.abs(positions).sum(axis=1), positions[:, problem.assets.in_net].sum(axis=1)
    by_type = [np.bincount(of_type, usd, len(problem.funds.types)).astype(np.float64) for usd in (gross, net)]
    return by_type[0], by_type[1]


def overlap(problem: Problem) -> Floats:
    """Cosine overlap of fund types: `x.y / (|x| |y|)` of their start positions in USD.

    Returns:
        (type, type) in [-1, 1], symmetric with unit diagonal; 0 with a type that holds nothing, itself included.
    """
    held = type_positions(problem)
    length = np.linalg.norm(held, axis=1)
    return np.asarray(_unit(held, length) @ _unit(held, length).T, np.float64)


def _unit(held: Floats, length: Floats) -> Floats:
    unit = np.zeros_like(held)
    np.divide(held, length[:, None], out=unit, where=length[:, None] > 0)
    return unit


def market_depth(problem: Problem) -> Floats:
    """`D = ADV / sigma` (asset,): USD of net sales that move a price by 100 %, at linear impact and unit coefficient.

    `sigma` is the daily volatility of the impact law; an asset without has infinite depth.
    """
    sigma = problem.assets.impact_vol / math.sqrt(TRADING_DAYS)
    depth = np.full(len(sigma), np.inf)
    np.divide(problem.assets.adv, sigma, out=depth, where=sigma > 0)
    return depth


def liquidity_overlap(problem: Problem) -> Floats:
    """Liquidity-weighted overlap `Omega = Pi D^-1 Pi'` of fund types (Cont and Schaanning 2017).

    With `Pi` in USD and `D` in USD per unit of simple return, `Omega` is in USD: what type `f` loses on its start
    positions, to first order, when type `g` sells all of its own, which also moves what follows that by loadings.

    Returns:
        (type, type) USD; without loadings symmetric positive semidefinite, and its first eigenvector ranks types by
        endogenous risk.
    """
    held, loadings = type_positions(problem), problem.assets.loadings
    moved = held / market_depth(problem)
    if loadings is None:
        return np.asarray(moved @ held.T, np.float64)
    return np.asarray(held @ loadings.moves(moved, axis=1).T, np.float64)


def days_of_volume(problem: Problem) -> Floats:
    """Net start position of each fund type in days of average volume of the whole market: (type, asset), 0 or more."""
    return np.asarray(np.abs(type_positions(problem)) / problem.assets.adv, np.float64)
