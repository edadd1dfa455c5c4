"""Margin: what of it there is, and its numbers by method and by terms of brokers."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.margin.terms import margin_terms
from stress.kernels.margin.registry import METHODS
from stress.kernels.margin.requirement import Margin
from stress.kernels.margin.terms import Terms
from stress.kernels.structure import MarginStructure
from stress.scenarios.problem import Problem

Bools = npt.NDArray[np.bool_]
RECORDS: dict[str, Any] = {name: import_module(f"stress.compile.margin.{name}").record for name in METHODS}


def margin_structure(problem: Problem) -> MarginStructure | None:
    """What of margin there is; None where no fund has a requirement, or nobody trades."""
    funds = problem.funds
    if not problem.cascade.feedback or not funds.has_margin.any():
        return None
    terms = margin_terms(problem)
    longs = problem.books.shapes.max(axis=0, initial=0.0) > 0
    largest_rate = float((funds.rates[:, longs]).max(initial=0.0)) * max((t.largest for t in terms.terms), default=1.0)
    return MarginStructure(
        methods=tuple(name for name in METHODS if _on(problem, name).any()),
        terms=len(terms.terms),
        base=bool((terms.weight[0] > 0).any() or (terms.weight_locked[0] > 0).any()),
        hikes=any(math.isfinite(t.hike_level) for t in terms.terms),
        long_cap=largest_rate > 1.0,
    )


def margin(problem: Problem) -> Margin | None:
    """Numbers of margin, as arrays in float64; None as for `margin_structure`."""
    structure = margin_structure(problem)
    if structure is None:
        return None
    grace: Any = problem.funds.grace_steps[:, None]
    methods = {name: RECORDS[name](problem, _on(problem, name)) for name in structure.methods}
    return Margin(methods, _terms(problem), grace)


def _on(problem: Problem, method: str) -> Bools:
    """The funds that are on a method, (member,)."""
    funds = problem.funds
    on: Bools = funds.has_margin & (funds.portfolio == (method == "portfolio"))
    return on


def _terms(problem: Problem) -> Terms:
    found = margin_terms(problem)
    equities = problem.assets.leading_equities.astype(np.float64)
    arrays: dict[str, Any] = {
        "factor": np.array([t.factor for t in found.terms], np.float64),
        "procyclicality": np.array([t.procyclicality / 2.0 for t in found.terms], np.float64),
        "cap": np.array([t.cap for t in found.terms], np.float64),
        "hike_level": np.array([t.hike_level for t in found.terms], np.float64),
        "hike_size": np.array([t.hike_size for t in found.terms], np.float64),
        "weight": found.weight[:, :, None],
        "weight_locked": found.weight_locked[:, :, None],
        "lockup_steps": problem.funds.lockup_steps[:, None],
        "equity_weights": equities[None] / max(equities.sum(), 1.0),
    }
    return Terms(**arrays)
