"""Realised volatility and the depth of the market."""

from __future__ import annotations

from typing import Any

import numpy as np

from stress.compile.margin.terms import margin_terms
from stress.kernels.market.volatility import Depth, Volatility
from stress.scenarios.problem import TRADING_DAYS, Problem


def evaporates(problem: Problem) -> bool:
    """Whether depth changes."""
    liquidity = problem.liquidity
    return problem.cascade.feedback and (liquidity.evaporation != 0 or liquidity.flow_sensitivity != 0)


def depth(problem: Problem) -> Depth | None:
    """Numbers of evaporation; None where depth stays as it is."""
    table = problem.liquidity
    numbers = (table.evaporation / 2.0, table.flow_sensitivity * problem.steps_per_day, table.floor)
    arrays: Any = [np.float64(number) for number in numbers]
    return Depth(*arrays) if evaporates(problem) else None


def volatility(problem: Problem) -> Volatility | None:
    """Numbers of realised volatility; None where neither depth nor terms of brokers depend on it."""
    if not (evaporates(problem) or (problem.cascade.feedback and margin_terms(problem).terms)):
        return None
    per_day = problem.steps_per_day
    memory = 0.94 ** (1.0 / per_day)
    news: Any = ((1.0 - memory) * per_day * TRADING_DAYS / problem.assets.vol**2)[:, None]
    start: Any = np.float64(memory)
    return Volatility(start, news)
