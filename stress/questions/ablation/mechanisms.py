"""The mechanisms that can be taken out of a scenario, one by one or together, and how each is switched off.

Numbers are changed where that is enough, so that all of it runs in the programs of the whole scenario; without margin
calls or without the funds' own rules a scenario has other programs. In the order in which a sequence takes them out:

    retail       nobody from outside trades
    evaporation  depth stays what it was at the start: kappa = eta = 0
    crowding     every fund trades alone in the market: its prices move by its own forced flow and outside flow
    impact       trading moves no price; nothing is left of crowding and evaporation then
    hikes        brokers keep their rates: no procyclicality, no hike
    calls        no requirement, so no margin call and no close-out
    rules        no rule of the funds' own: leverage and volatility targets, stop-losses, overlays

Without any of calls and rules nobody trades: that is the book held still, unless somebody from outside trades.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from stress.compile.impact.impact import impact_structure
from stress.compile.margin.margin import margin_structure
from stress.compile.margin.terms import margin_terms
from stress.compile.market import evaporates
from stress.kernels.params import Params
from stress.results.answers.ablation.words import MECHANISMS
from stress.scenarios.problem import Bools, Problem
from stress.scenarios.switched_off import OF_MARGIN

NOTHING = 1e-12  # NAV of a fund whose flow moves no price, as a share of what it is
OF_ONE_SCALE = ("square_root", "linear", "bounded_exponential", "exponential")  # laws that a scale of zero switches off


def mechanisms_of(problem: Problem) -> tuple[str, ...]:
    """Those that a scenario has, in the order in which a sequence takes them out."""
    if not problem.cascade.feedback:
        return ()
    has_impact, terms = impact_structure(problem) is not None, margin_terms(problem).terms
    trade = bool(problem.triggers)
    there = {
        "retail": bool(problem.outside) and has_impact,
        "evaporation": evaporates(problem) and has_impact,
        "crowding": has_impact and trade and len(problem.funds.types) > 1,
        "impact": has_impact,
        "hikes": any(t.procyclicality > 0 or math.isfinite(t.hike_level) for t in terms),
        "calls": margin_structure(problem) is not None,
        "rules": bool(set(problem.triggers) - OF_MARGIN),
    }
    return tuple(name for name in MECHANISMS if there[name])


def problem_without(problem: Problem, without: frozenset[str]) -> Problem:
    """The scenario without what only other programs can leave out."""
    traded = {name for name in ("calls", "rules") if name in mechanisms_of(problem)}
    if traded and traded <= without and ("retail" in without or not problem.outside):
        return replace(problem, cascade=replace(problem.cascade, feedback=False))
    if "calls" in without:
        problem = replace(problem, funds=replace(problem.funds, has_margin=np.zeros_like(problem.funds.has_margin)))
    if "rules" in without:
        kept = {name: record for name, record in problem.triggers.items() if name in OF_MARGIN}
        problem = replace(problem, triggers=kept)
    if "impact" in without and problem.impact.law not in OF_ONE_SCALE:
        problem = replace(problem, impact=replace(problem.impact, law="none"))
    return problem


def params_without(params: Params, without: frozenset[str], alone: Bools | None = None) -> Params:
    """The numbers without what numbers can leave out.

    Args:
        params: of the scenario of `problem_without`.
        without: mechanisms.
        alone: (book,) books whose flow moves prices, that of the others being next to nothing; None: all.
    """
    if "retail" in without:
        params = params._replace(outside={name: _zero(one, "flow") for name, one in params.outside.items()})
    if "evaporation" in without and params.depth is not None:
        params = params._replace(depth=_zero(params.depth, "evaporation", "flow_sensitivity"))
    if "impact" in without and params.impact is not None:
        params = params._replace(impact=params.impact._replace(law=_zero(params.impact.law, "scale")))
    if "hikes" in without and params.margin is not None:
        terms = _zero(params.margin.terms, "procyclicality", "hike_size")
        params = params._replace(margin=params.margin._replace(terms=terms))
    if alone is not None:
        nav: Any = np.where(alone[:, None], params.books.nav, np.multiply(params.books.nav, NOTHING))
        params = params._replace(books=params.books._replace(nav=nav.astype(np.asarray(params.books.nav).dtype)))
    return params


def _zero(record: Any, *names: str) -> Any:
    """A record of numbers with some of them zero."""
    return record._replace(**{name: np.zeros_like(getattr(record, name)) for name in names})
