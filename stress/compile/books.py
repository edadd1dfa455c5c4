"""Books of few shapes in many sizes: which members are of one kind, and what funds hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.compile.matrices import group_matrix, start_books
from stress.kernels.books import Books, Convexity
from stress.kernels.structure import Layout
from stress.scenarios.problem import Problem

BILLION = 1e9
HIGH_LEVERAGE = 15.0  # gross over NAV from which the rounding of a price near 1 would show in a loss
Floats = npt.NDArray[np.float64]


def layouts(problem: Problem) -> tuple[Layout, ...]:
    """Adjacent kinds of members with equally many members and books."""
    found: list[Layout] = []
    for first, last in _kinds(problem):
        shape = Layout(1, last - first, len(_books_of(problem, first)))
        if found and found[-1][1:] == shape[1:]:
            found[-1] = found[-1]._replace(types=found[-1].types + 1)
        else:
            found.append(shape)
    return tuple(found)


def ranks(problem: Problem) -> tuple[int, ...]:
    """Rank of each book in brokers' sales, () where it makes no difference."""
    rank = problem.books.priority
    alike = all(np.ptp(rank[_books_of(problem, f)]) == 0 for f in range(len(problem.funds.ids)))
    return () if alike else tuple(int(r) for r in rank)


def highly_levered(problem: Problem) -> bool:
    """Whether some fund's gross is beyond `HIGH_LEVERAGE`."""
    funds, books = problem.funds, problem.books
    return bool((np.bincount(books.fund_of, books.size) > HIGH_LEVERAGE * funds.nav).any())


def shape_rows(problem: Problem) -> npt.NDArray[np.int64]:
    """Row in `problem.books.shapes` of each shape that is compiled, (shape,)."""
    return np.concatenate([_shape_rows_of(problem, first) for first, _ in _kinds(problem)])


def holders(problem: Problem) -> npt.NDArray[np.int64]:
    """A member that holds each shape, (shape,)."""
    return np.concatenate([np.full(len(_books_of(problem, first)), first) for first, _ in _kinds(problem)])


def shapes(problem: Problem) -> Floats:
    """Signed weights of each shape that is compiled, (shape, asset)."""
    return problem.books.shapes[shape_rows(problem)]


def gammas(problem: Problem) -> Floats | None:
    """Gamma of each shape that is compiled, (shape, asset), in the units of `shapes`; None: no book has options."""
    return None if problem.books.gamma is None else problem.books.gamma[shape_rows(problem)]


def books(problem: Problem, members: bool) -> Books:
    """What funds hold, as arrays in float64."""
    assets, funds = problem.assets, problem.funds
    weights, adv = shapes(problem), assets.adv / BILLION
    nav = funds.nav[problem.books.fund_of]
    exposure, _ = start_books(problem)
    arrays: dict[str, Any] = {
        "shapes": weights,
        "gross_shapes": np.abs(weights),
        "net_shapes": np.where(assets.in_net, weights, 0.0),
        "gross": (problem.books.size / nav)[:, None],
        "start_held": problem.books.start_held[:, None],
        "nav": (nav / BILLION)[:, None],
        "start_exposure": exposure,
        "group_exposure": group_matrix(problem, members) @ exposure,
        "flow_matrix": (weights / adv).T,
        "gross_flow_matrix": (np.abs(weights) / adv).T,
        "adv": adv[:, None],
        "convexity": _convexity(problem, members),
    }
    return Books(**arrays)


def _convexity(problem: Problem, members: bool) -> Convexity | None:
    """Gammas and thetas as arrays in float64."""
    gamma, held = gammas(problem), problem.books
    if gamma is None or held.theta is None:
        return None
    theta = held.theta[shape_rows(problem)] / problem.steps_per_day
    funds, adv = problem.funds, problem.assets.adv / BILLION
    size = np.where(held.start_held > 0, held.size / funds.nav[held.fund_of], 0.0)[:, None]
    member = np.arange(len(funds.ids))[:, None] == held.fund_of
    member_gamma = member @ (size * held.gamma[held.shape_of])  # type: ignore[index]
    member_theta = member @ (size * held.theta[held.shape_of] / problem.steps_per_day).sum(axis=1, keepdims=True)
    groups = group_matrix(problem, members)
    arrays: dict[str, Any] = {
        "gamma": gamma,
        "net_gamma": np.where(problem.assets.in_net, gamma, 0.0),
        "theta": theta.sum(axis=1, keepdims=True),
        "member_gamma": member_gamma,
        "member_theta": member_theta,
        "group_gamma": groups @ member_gamma,
        "group_theta": groups @ member_theta,
        "flow_matrix": (gamma / adv).T,
        "theta_matrix": (theta / adv).T,
    }
    return Convexity(**arrays)


def _books_of(problem: Problem, member: int) -> npt.NDArray[np.int64]:
    return np.flatnonzero(problem.books.fund_of == member)


def _shape_rows_of(problem: Problem, member: int) -> npt.NDArray[np.int64]:
    return problem.books.shape_of[_books_of(problem, member)]


def _kinds(problem: Problem) -> list[tuple[int, int]]:
    """First and last+1 member of each run of members that hold the same shapes on the same margin rates."""
    funds = problem.funds
    spans: list[tuple[int, int]] = []
    for member in range(len(funds.ids)):
        first = spans[-1][0] if spans else member
        same = bool(spans) and funds.type_of[first] == funds.type_of[member]
        same = same and np.array_equal(_shape_rows_of(problem, first), _shape_rows_of(problem, member))
        if same and np.array_equal(funds.rates[first], funds.rates[member]):
            spans[-1] = (first, member + 1)
        else:
            spans.append((member, member + 1))
    return spans
