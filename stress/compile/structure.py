"""What has to be compiled for a problem: shapes and mechanisms, no numbers."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from stress.compile.books import highly_levered, layouts, ranks, shape_rows
from stress.compile.extensions import used_by
from stress.compile.impact.impact import impact_structure
from stress.compile.margin.margin import margin_structure
from stress.compile.market import depth, volatility
from stress.compile.matrices import of_groups
from stress.compile.outside.outside import outside
from stress.compile.shocks.names import drawn_by
from stress.compile.triggers.triggers import triggers
from stress.kernels.structure import Structure, Tiers
from stress.kernels.triggers.registry import TRIGGERS
from stress.scenarios.problem import Problem


def structure_of(problem: Problem, members: bool = False) -> Structure:
    """The structure of a problem.

    Args:
        problem: the scenario.
        members: report every member fund instead of fund types.
    """
    feedback = problem.cascade.feedback
    on = triggers(problem, np.dtype(np.float64))
    ranked = bool({name for name in on if TRIGGERS[name].asked_by == "brokers"})
    spans = [(i, i + 1) for i in range(len(problem.funds.ids))] if members else _type_spans(problem)
    structure = Structure(
        steps=problem.steps,
        steps_per_day=problem.steps_per_day,
        assets=len(problem.assets.ids),
        layouts=layouts(problem),
        group_members=tuple(spans),
        brokers=len(problem.funds.brokers),
        shocks=drawn_by(problem),
        margin=margin_structure(problem),
        triggers=tuple(on),
        priority=ranks(problem) if ranked else (),
        impact=impact_structure(problem),
        outside=tuple(outside(problem)),
        volatility=volatility(problem) is not None,
        depth=depth(problem) is not None,
        tiers=_tiers(problem) if feedback and math.isfinite(problem.cascade.max_participation) else None,
        book_pnl=any(TRIGGERS[name].reads_book_pnl(record) for name, record in on.items()),
        builds=any(TRIGGERS[name].builds(record) for name, record in on.items()),
        max_rounds=problem.cascade.max_rounds,
        twin=True,
        feedback=feedback,
        high_leverage=highly_levered(problem),
        attribution=False,
        groups=tuple(tuple(map(int, members)) for members in of_groups(problem)),
        sources=() if problem.assets.loadings is None else tuple(map(int, problem.assets.loadings.sources)),
        convex=problem.books.gamma is not None,
    )
    return structure._replace(extensions=tuple((used.digest, used.number) for used in used_by(structure)))


def _tiers(problem: Problem) -> Tiers:
    held = (np.flatnonzero(row) if row.any() else [0] for row in problem.books.held[shape_rows(problem)])
    return Tiers(tuple(tuple(map(int, assets)) for assets in held), tuple(map(int, problem.books.manager_of)))


def _type_spans(problem: Problem) -> list[tuple[int, int]]:
    edges = np.searchsorted(problem.funds.type_of, np.arange(len(problem.funds.types) + 1))
    return [(int(a), int(b)) for a, b in pairwise(edges)]
