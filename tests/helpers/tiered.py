"""Problems made by hand, with their books cut into liquidity tiers as those of a file are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flat import NAMES, Limits, limits_of, triggers_from
from stress.scenarios.build.tiers import in_tiers, liquidity_classes
from stress.scenarios.problem import Ints, Problem


def tiered(problem: Problem, classes: Ints | None = None) -> Problem:
    """The problem with its books in tiers, of these classes of assets (asset,) or of those that the cap asks for."""
    books, flat = problem.books, limits_of(problem)
    if classes is None:
        usd = books.size[:, None] * np.abs(books.shapes[books.shape_of])
        allowance = problem.cascade.max_participation * problem.assets.adv
        classes = liquidity_classes(usd, allowance, problem.liquidity.floor)
    cut = in_tiers(books, classes)
    shape = np.zeros(len(cut.shapes), np.int64)  # that each is a part of
    shape[cut.shape_of] = books.shape_of[cut.manager_of]
    of_book = NAMES[NAMES.index("capital") :]
    changed = {name: getattr(flat, name)[shape if name == "start_vol" else cut.manager_of] for name in of_book}
    limits = Limits(**({name: getattr(flat, name) for name in NAMES} | changed))
    return replace(problem, books=cut, triggers=triggers_from(limits))
