"""What was traded in each round of a recorded path, in USD, and why; sums over books, members and funds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stress.results.dataset.components import every_trigger
from stress.results.story.recorded_path import RecordedPath

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Flows:
    """Trades at the prices before their round; all amounts are USD and at least 0."""

    by_asset: dict[str, Floats]  # (step, moment, row, asset), the system last
    forced_sales: Floats  # (step, moment, member)
    built: Floats  # (step, moment, member)
    sold_because: Floats  # (step, moment, trigger, member) parts of `forced_sales`
    built_because: Floats  # (step, moment, trigger, member) parts of `built`


def flows(recorded: RecordedPath) -> Flows:
    """Trades of every round from what each book held, sold and added."""
    problem, moments = recorded.problem, recorded.moments
    books = problem.books
    start = books.size[:, None] * books.shapes[books.shape_of]  # (book, asset) USD at k = 1 and start prices
    gamma = None if books.gamma is None else books.size[:, None] * books.gamma[books.shape_of]
    holder = _one_hot(books.fund_of, len(problem.funds.ids))
    rows = _one_hot(recorded.group_of[books.fund_of], len(recorded.groups))
    rows = np.concatenate([rows, rows.sum(axis=0, keepdims=True)])
    before = _before(moments.held)
    cut, price = before * recorded.sale, _before(moments.price)
    reason = recorded.asked.argmax(axis=2)  # (step, moment, book)

    def side(at: tuple[int, ...], sign: float) -> Floats:
        """(book, asset) USD of longs (1) or shorts (-1) at k = 1 and start prices; of options their deltas by then."""
        return np.maximum(sign * (start if gamma is None else start + gamma * (price[at] - 1.0)), 0.0)

    def by_asset(amount: Floats, sign: float) -> Floats:
        """(step, moment, book) k traded times USD of a side -> (step, moment, row, asset)."""
        parts = np.empty((*amount.shape[:2], len(rows), start.shape[1]))
        for at in np.ndindex(*amount.shape[:2]):
            parts[at] = (rows * amount[at]) @ side(at, sign) * price[at]
        return parts

    value = price @ np.abs(start).T  # (step, moment, book) at k = 1
    for at in np.ndindex(*cut.shape[:2]) if gamma is not None else ():
        value[at] = (side(at, 1.0) + side(at, -1.0)) @ price[at]
    sold, built = cut * value, recorded.build * value
    amounts = {"longs_sold_usd": by_asset(cut, 1.0), "shorts_covered_usd": by_asset(cut, -1.0)}
    if recorded.build.any():
        amounts["longs_bought_usd"] = by_asset(recorded.build, 1.0)
        amounts["shorts_sold_usd"] = by_asset(recorded.build, -1.0)
    rule = recorded.asked_build.argmax(axis=2)  # (step, moment, book)

    def because(amount: Floats, why: npt.NDArray[np.int64]) -> Floats:
        return np.stack([np.where(why == t, amount, 0.0) @ holder.T for t in range(len(every_trigger()))], axis=2)

    return Flows(amounts, sold @ holder.T, built @ holder.T, because(sold, reason), because(built, rule))


def called(recorded: RecordedPath) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(step, moment, member): USD by which calls grew, and whether the fund was called and had no open call.

    A call is the largest deficit since it was opened; a step that begins with an open call counts what it grows by.
    """
    worst, open_before = recorded.moments.worst, (recorded.age >= 0)[:, None]
    size = np.where(open_before, recorded.size[:, None], 0.0)
    so_far = np.where(open_before | (worst > 0), np.maximum(worst - size, 0.0), 0.0)
    grown = np.diff(so_far, axis=1, prepend=0.0)
    opened = np.diff((worst > 0).astype(int), axis=1, prepend=0) > 0
    beyond = np.arange(worst.shape[1])[None, :, None] > recorded.rounds[:, None, None]
    return np.where(beyond, 0.0, grown) * recorded.problem.funds.nav, opened & ~open_before & ~beyond


def _before(values: Floats) -> Floats:
    """(step, moment, ...) values one moment earlier; nothing is traded at moment 0."""
    return np.concatenate([np.zeros_like(values[:, :1]), values[:, :-1]], axis=1)


def _one_hot(index: npt.NDArray[np.int64], count: int) -> Floats:
    return np.asarray(np.arange(count)[:, None] == index[None, :], np.float64)
