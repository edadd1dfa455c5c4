"""The books of a `Problem` in the order (type, member, book), with their shapes, ladders, targets and overlays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stress.scenarios.build.margin import ROUNDING
from stress.scenarios.errors import ScenarioError
from stress.scenarios.build.fund_types import BookOf, TypeOf
from stress.scenarios.problem import Assets, Books, Floats, Funds, Ints, Shocks
from stress.scenarios.schema.scenario import Scenario

_NO_VOL = 1e-9  # an annual volatility that is only rounding


class _Row(NamedTuple):
    """One book of one member."""

    kind: TypeOf
    member: int  # among all members
    of_kind: int  # among those of the type
    book: BookOf
    shape: int

    @property
    def on_fund(self) -> bool:
        return self.kind.triggers.scope == "fund" or self.book.share == 0

    @property
    def size(self) -> float:
        scale = 1.0 if self.book.overlay else float(self.kind.member_scale[self.of_kind])
        return self.book.size * float(self.kind.member_nav[self.of_kind]) * scale


def build_books(scenario: Scenario, types: Sequence[TypeOf], assets: Assets, shocks: Shocks, funds: Funds) -> Books:
    """Books; members of a type share the shapes that they have in common, in other sizes.

    Raises:
        ScenarioError: a volatility target for a fund without volatility, or one that it exceeds from the start.
    """
    rows, shapes, type_of_shape = _rows(types)
    drawdown, cut = _points([[(p[0], p[1]) for p in row.book.stop_loss] for row in rows])
    loss, held = _points([[(at, size / row.book.size) for at, size in row.book.overlay] for row in rows], fill=1.0)
    nav = [float(row.kind.member_nav[row.of_kind]) for row in rows]
    capital = [usd if row.on_fund else row.book.share * usd for row, usd in zip(rows, nav, strict=True)]
    books = Books(
        ids=tuple(f"{row.kind.member_ids[row.of_kind]}/{row.book.id}" for row in rows),
        fund_of=np.array([row.member for row in rows], dtype=np.int64),
        shape_of=np.array([row.shape for row in rows], dtype=np.int64),
        size=np.array([row.size for row in rows]),
        priority=np.array([_rank(row.kind, row.book) for row in rows], dtype=np.int64),
        shapes=shapes,
        type_of_shape=type_of_shape,
        capital=np.array(capital),
        ladder_on_fund=np.array([row.on_fund for row in rows], dtype=np.bool_),
        ladder_drawdown=drawdown,
        ladder_cut=cut,
        vol_ceiling=np.full(len(rows), np.inf),
        vol_speed=np.array([row.kind.triggers.speed for row in rows]),
        start_vol=np.zeros(len(shapes)),
        overlay=np.array([bool(row.book.overlay) for row in rows], dtype=np.bool_),
        overlay_loss=loss,
        overlay_held=held,
    )
    _fill_vol_targets(scenario, rows, assets, shocks, funds, books)
    return books


def _rows(types: Sequence[TypeOf]) -> tuple[list[_Row], Floats, Ints]:
    """Every book of every member, the shapes (shape, asset) and the type of each shape."""
    rows: list[_Row] = []
    shapes: list[Floats] = []
    type_of_shape: list[int] = []
    first_member = 0
    for t, kind in enumerate(types):
        known: dict[tuple[str, int], int] = {}
        for n, style in enumerate(kind.style_of):
            for book in kind.styles[style]:
                if (book.id, book.style) not in known:
                    known[book.id, book.style] = len(shapes)
                    total = np.abs(book.weights).sum()
                    shapes.append(book.weights / total if total > 0 else np.zeros_like(book.weights))
                    type_of_shape.append(t)
                rows.append(_Row(kind, first_member + n, n, book, known[book.id, book.style]))
        first_member += len(kind.member_ids)
    return rows, np.array(shapes), np.array(type_of_shape, dtype=np.int64)


def _rank(kind: TypeOf, book: BookOf) -> int:
    """Place of a book in the sales of brokers: 0 first, those without a priority last."""
    given = sorted({other.priority for other in kind.books if other.priority is not None})
    return len(given) if book.priority is None else given.index(book.priority)


def _points(tables: Sequence[Sequence[tuple[float, float]]], fill: float = 0.0) -> tuple[Floats, Floats]:
    """Points (at, value) of each book as arrays (book, point): +inf and the last value as padding, `fill` if none."""
    points = max([1, *(len(table) for table in tables)])
    at, value = np.full((len(tables), points), np.inf), np.full((len(tables), points), fill)
    for row, table in enumerate(tables):
        if table:
            at[row, : len(table)] = [point[0] for point in table]
            value[row] = table[-1][1]
            value[row, : len(table)] = [point[1] for point in table]
    return at, value


def _fill_vol_targets(
    scenario: Scenario, rows: Sequence[_Row], assets: Assets, shocks: Shocks, funds: Funds, books: Books
) -> None:
    """Ceilings and start volatilities of the books of funds with a volatility target, in place.

    The volatility of weights `w` is `sqrt(w' C w)`, `C` from `vol` and the correlation of the draw. A target relative
    to the start leaves the ceiling at `band` times its multiple; an absolute one is compared with the volatility of all
    that the fund holds over its NAV.
    """
    covariance = shocks.correlation * np.outer(assets.vol, assets.vol)
    chosen = [b for b, row in enumerate(rows) if row.kind.triggers.has_target_vol and not row.book.overlay]
    whole = np.zeros((len(funds.ids), len(assets.ids)))  # over NAV
    for b in chosen:
        whole[books.fund_of[b]] += books.shapes[books.shape_of[b]] * books.size[b] / funds.nav[books.fund_of[b]]
    for b in chosen:
        row, shape = rows[b], books.shapes[books.shape_of[b]]
        if books.size[b] == 0:
            continue
        books.start_vol[row.shape] = own = _volatility(shape, covariance)
        books.vol_ceiling[b] = _ceiling(scenario, row, own, _volatility(whole[row.member], covariance))


def _volatility(weights: Floats, covariance: Floats) -> float:
    return math.sqrt(max(float(weights @ covariance @ weights), 0.0))


def _ceiling(scenario: Scenario, row: _Row, own: float, of_fund: float) -> float:
    """Ceiling on k at the volatility of the start, for the volatilities of a book and of all that its fund holds."""
    triggers, member = row.kind.triggers, row.kind.member_ids[row.of_kind]
    key, target = f"funds.{row.kind.fund.id}.triggers.target_vol", triggers.target_vol
    if own < _NO_VOL or (of_fund < _NO_VOL and not target.relative):
        raise ScenarioError(
            f"{member} has no volatility at the start (book {row.book.id})",
            file=scenario.source,
            key=key,
            value=target.value,
            allowed="a target for funds whose positions do not offset each other exactly",
        )
    ceiling = triggers.vol_band * (target.value if target.relative else target.value / of_fund)
    if ceiling < 1 - ROUNDING:
        lowest = (1.0 if target.relative else of_fund) / triggers.vol_band if triggers.vol_band > 0 else math.inf
        raise ScenarioError(
            f"{member} starts above its target times the band of {triggers.vol_band:.6g}",
            file=scenario.source,
            key=key,
            value=target.value,
            allowed=(
                f"a target of {lowest:.6g}{' x start' if target.relative else ''} or more"
                if math.isfinite(lowest)
                else "a band above 0"
            ),
        )
    return ceiling
