"""Books at the start and reported groups as matrices over members."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]


def start_books(problem: Problem) -> tuple[Floats, Floats]:
    """Positions of each member at the start and their base haircuts, each (member, asset), fraction of NAV."""
    funds, books = problem.funds, problem.books
    size = np.where(books.start_held > 0, books.size / funds.nav[books.fund_of], 0.0)
    held = size[:, None] * books.shapes[books.shape_of]
    rates = np.where((funds.has_margin & ~funds.portfolio)[:, None], funds.rates, 0.0)[books.fund_of]
    haircut = np.where(held > 0, np.minimum(rates, 1.0), rates) * np.abs(held)
    member = np.arange(len(funds.ids))[:, None] == books.fund_of
    return member @ held, member @ haircut


def of_groups(problem: Problem) -> list[npt.NDArray[np.int64]]:
    """Members of each of the user's groups, by id."""
    funds = problem.funds
    rows = {name: row for row, name in enumerate(funds.types)}
    chosen = [[rows[name] for name in names] for names in problem.fund_groups.values()]
    return [np.flatnonzero(np.isin(funds.type_of, types)) for types in chosen]


def group_nav(problem: Problem, members: bool = False, groups: bool = False) -> Floats:
    """Start NAV in USD of each reported fund, with `groups` of each of the user's groups, the system last."""
    funds = problem.funds
    nav = funds.nav if members else np.bincount(funds.type_of, weights=funds.nav, minlength=len(funds.types))
    more = [funds.nav[chosen].sum() for chosen in of_groups(problem)] if groups else []
    return np.concatenate([nav, more, [nav.sum()]]).astype(np.float64)


def group_matrix(problem: Problem, members: bool = False) -> Floats:
    """NAV weights (row, member) that turn fractions of member NAV into those of a fund, of a group, of the system."""
    funds = problem.funds
    nav = group_nav(problem, members, groups=True)
    index = np.arange(len(funds.ids)) if members else funds.type_of
    matrix = np.zeros((len(nav), len(funds.ids)))
    matrix[index, np.arange(len(funds.ids))] = funds.nav / nav[index]
    chosen = of_groups(problem)
    for row, one in enumerate(chosen, start=len(nav) - 1 - len(chosen)):
        matrix[row, one] = funds.nav[one] / nav[row]
    matrix[-1] = funds.nav / nav[-1]
    return matrix
