"""Problems made by hand, with their books cut into liquidity tiers as those of a file are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flat import NAMES, Limits, limits_of, triggers_from
from stress.scenarios.build.tiers import in_tiers, under_cap
from stress.scenarios.problem import Ints, Problem


def tiered(problem: Problem, classes: Ints | None = None) -> Problem:
    """The problem with its books in tiers, of these classes of assets (asset,) or of those that the cap asks for."""
    books, flat = problem.books, limits_of(problem)
    cut = under_cap(books, problem.assets, problem.liquidity, problem.cascade, problem.steps_per_day)
    cut = cut if classes is None else in_tiers(books, classes)
    shape = np.zeros(len(cut.shapes), np.int64)  # that each is a part of
    shape[cut.shape_of] = books.shape_of[cut.manager_of]
    of_book = NAMES[NAMES.index("capital") :]
    changed = {name: getattr(flat, name)[shape if name == "start_vol" else cut.manager_of] for name in of_book}
    limits = Limits(**({name: getattr(flat, name) for name in NAMES} | changed))
    return replace(problem, books=cut, triggers=triggers_from(limits))
