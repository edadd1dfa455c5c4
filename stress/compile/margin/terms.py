"""The distinct margin terms of a problem's financing lines, and the weight of each fund on each of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]


class Term(NamedTuple):
    """How a broker multiplies margin rates: `factor (clip((sigma/sigma_0)^procyclicality, 1, cap) + hike)`."""

    factor: float
    procyclicality: float
    cap: float
    hike_level: float
    hike_size: float

    @property
    def largest(self) -> float:
        """The most that it multiplies by."""
        return self.factor * (self.cap + (self.hike_size if math.isfinite(self.hike_level) else 0.0))


class MarginTerms(NamedTuple):
    """Terms other than base rates, and weights with base rates first; `weight_locked` holds during a lock-up."""

    terms: list[Term]
    weight: Floats  # (1 + term, member)
    weight_locked: Floats  # (1 + term, member)


BASE = Term(1.0, 0.0, 1.0, math.inf, 0.0)


def _frozen(term: Term) -> Term:
    return BASE._replace(factor=term.factor)


def _plain(term: Term) -> Term:
    """The same terms written in one way, so that equal ones are counted once."""
    if term.procyclicality == 0.0 or term.cap <= 1.0:
        term = term._replace(procyclicality=0.0, cap=1.0)
    if term.hike_size == 0.0 or not math.isfinite(term.hike_level):
        term = term._replace(hike_level=math.inf, hike_size=0.0)
    return term


def margin_terms(problem: Problem) -> MarginTerms:
    """Work out the distinct terms; funds without margin weigh nothing."""
    funds = problem.funds
    known = {BASE: 0}
    weights: list[tuple[int, int, int, float]] = []  # member, term, term in a lock-up, share
    for f in np.flatnonzero(funds.has_margin):
        for line in np.flatnonzero(funds.line_share[f] > 0):
            given = (funds.rate_factor, funds.procyclicality, funds.margin_cap, funds.hike_level, funds.hike_size)
            term = _plain(Term(*(float(values[f, line]) for values in given)))
            locked = _frozen(term) if funds.lockup_steps[f] > 0 else term
            for one in (term, locked):
                known.setdefault(one, len(known))
            weights.append((int(f), known[term], known[locked], float(funds.line_share[f, line])))
    weight, weight_locked = np.zeros((2, len(known), len(funds.ids)))
    for member, live, locked_term, share in weights:
        weight[live, member] += share
        weight_locked[locked_term, member] += share
    return MarginTerms([term for term in known if term != BASE], weight, weight_locked)
