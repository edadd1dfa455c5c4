"""Fund types resolved one by one: members, books in multiples of NAV, margin terms, triggers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from stress.scenarios.build.crowding import members_by_style, own_parts
from stress.scenarios.build.positions import book_options, book_weights, scaled
from stress.scenarios.build.terms import MarginOf, TriggersOf, margin_of, triggers_of
from stress.scenarios.convexity import Options
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import Assets, Floats
from stress.scenarios.schema.funds import Book, Crowding, Fund
from stress.scenarios.schema.scenario import Scenario
from stress.scenarios.triggers.registry import TABLES


@dataclass(frozen=True)
class BookOf:
    """One book of a fund type; `written` and `weights` have shape (asset,), signed multiples of the type's NAV."""

    id: str
    share: float
    written: Floats  # as in the file
    weights: Floats  # scaled to gross and net; of one that starts at nothing at its largest
    terms: dict[str, Any]  # what triggers' keys come to for it, by name
    priority: int | None = None  # None: after all others
    largest: float | None = None  # of a book that starts at nothing: its gross at its largest, multiple of NAV
    style: int = -1  # -1: every member holds it
    written_options: Options | None = None  # gammas and thetas as in the file
    options: Options | None = None  # scaled as `weights`

    @property
    def size(self) -> float:
        """Gross as a multiple of NAV, of a book that starts at nothing the largest."""
        return float(np.abs(self.weights).sum()) if self.largest is None else self.largest

    @property
    def unit(self) -> float:
        """What its shape is measured by: gross and, of options, gammas and thetas, which may stand beside no delta."""
        return self.size if self.options is None else self.size + self.options.size

    @property
    def empty(self) -> bool:
        """Whether it starts at nothing."""
        return self.largest is not None


@dataclass(frozen=True)
class TypeOf:
    """One fund type; the books of a member are sorted by id."""

    fund: Fund
    member_ids: tuple[str, ...]
    member_nav: Floats  # (member,) USD
    member_scale: Floats  # (member,) multiple of the type's gross
    style_of: tuple[int, ...]  # (member,) index into `styles`
    books: tuple[BookOf, ...]  # as written in the file
    styles: tuple[tuple[BookOf, ...], ...]  # the books of the members of each style
    crowd: Crowding | None
    margin: MarginOf
    triggers: TriggersOf

    @property
    def gross(self) -> float:
        """Gross of the type at the start as a multiple of NAV."""
        return sum(book.size for book in self.books if not book.empty)

    def scale(self, member: int, book: BookOf) -> float:
        """USD of a book's positions in a member, per unit of its weights."""
        return float(self.member_nav[member]) * (1.0 if book.empty else float(self.member_scale[member]))


def resolve_fund_types(scenario: Scenario, assets: Assets) -> tuple[TypeOf, ...]:
    """Every fund type, sorted by id.

    Raises:
        ScenarioError: an unknown asset, positions that cannot be scaled to the gross and net asked for, a crowd of an
            unknown fund or of one that says itself how many members it has.
    """
    known = [fund.id for fund in scenario.funds]
    for name in scenario.crowding:
        if name not in known:
            raise ScenarioError(
                f"{name!r} is no fund", file=scenario.source, key=f"crowding.{name}", allowed=suggest(name, known)
            )
    return tuple(_resolve(scenario, fund, assets) for fund in sorted(scenario.funds, key=lambda fund: fund.id))


def _resolve(scenario: Scenario, fund: Fund, assets: Assets) -> TypeOf:
    crowd = scenario.crowding.get(fund.id)
    shares, multiples = _members(fund) if crowd is None else _spread(crowd.count, crowd.leverage_spread)
    books, style_of = _books(scenario, fund, assets), [0] * len(shares)
    styles: tuple[tuple[BookOf, ...], ...] = (books,)
    if crowd is not None:
        _check_crowd(scenario, fund)
        styles = _crowded(books[0], crowd, assets)
        order = members_by_style(crowd.count, crowd.distinct)
        style_of = [n % crowd.distinct for n in order]
        multiples = multiples[order]
    width = len(str(len(shares)))
    ids = [fund.id] if len(shares) == 1 else [f"{fund.id}_t{n:0{width}d}" for n in range(1, len(shares) + 1)]
    kind = TypeOf(
        fund=fund,
        member_ids=tuple(ids),
        member_nav=fund.nav * shares,
        member_scale=multiples,
        style_of=tuple(style_of),
        books=books,
        styles=styles,
        crowd=crowd,
        margin=margin_of(scenario, fund),
        triggers=triggers_of(scenario, fund),
    )
    _check_options(scenario, kind)
    return kind


def _check_options(scenario: Scenario, kind: TypeOf) -> None:
    """Refuse options where what they would come to is not defined."""
    fund = kind.fund
    for book in kind.books:
        if book.written_options is None:
            continue
        of_book = f"funds.{fund.id}" if fund.books is None else f"funds.{fund.id}.books.{book.id}"
        key = "gamma" if book.written_options.gamma.any() else "theta"
        problem = allowed = ""
        if kind.margin.present and kind.margin.method != "portfolio":
            problem = f"is given, and {fund.id} is on margin by haircuts"
            allowed = 'options in funds without margin, or with method = "portfolio" and scenarios in [funds.margin]'
        elif book.empty:
            problem, allowed = (
                "is given for a book that starts at nothing",
                "options in books that are held at the start",
            )
        elif kind.crowd is not None:
            problem, allowed = "is given for a crowd", "options in funds without [crowding]"
        elif fund.net is not None:
            problem, allowed = "is given with net, which scales the two sides apart", "gross alone, or neither"
        if problem:
            raise ScenarioError(problem, file=scenario.source, key=f"{of_book}.{key}", allowed=allowed)


def _members(fund: Fund) -> tuple[Floats, Floats]:
    """Shares of NAV and multiples of gross, both (member,)."""
    if fund.tiers is not None:
        return np.array(fund.tiers.nav), np.array(fund.tiers.gross)
    return _spread(fund.count or 1, fund.leverage_spread or 0.0)


def _spread(count: int, spread: float) -> tuple[Floats, Floats]:
    return np.full(count, 1 / count), np.linspace(1 - spread, 1 + spread, count) if count > 1 else np.ones(1)


def _check_crowd(scenario: Scenario, fund: Fund) -> None:
    for key in ("books", "tiers", "count"):
        if getattr(fund, key) is not None:
            raise ScenarioError(
                f"asks for a crowd of {fund.id}, which has {key}",
                file=scenario.source,
                key=f"crowding.{fund.id}",
                allowed="a fund with positions, and without books, tiers and count",
            )


def _crowded(whole: BookOf, crowd: Crowding, assets: Assets) -> tuple[tuple[BookOf, ...], ...]:
    """Books of each style: one `common` to all, one `own`; ladders read the drawdown of the fund, as of a lone book."""
    common = replace(whole, id="common", share=0.0, weights=whole.weights * crowd.common)
    parts = own_parts(whole.weights, assets.in_net, crowd.distinct, crowd.seed) * (1.0 - crowd.common)
    return tuple((common, replace(common, id="own", weights=part, style=style)) for style, part in enumerate(parts))


def _books(scenario: Scenario, fund: Fund, assets: Assets) -> tuple[BookOf, ...]:
    key = f"funds.{fund.id}"
    plain = _plain_books(scenario, fund, triggers_of(scenario, fund).terms, assets)
    active = [book for book in plain if not book.empty]
    weights = scaled(scenario, fund, np.array([book.written for book in active]), assets.in_net)
    written = sum(float(np.abs(book.written).sum()) for book in active)
    factor = 1.0 if fund.gross is None else fund.gross / written
    sized = {
        book.id: replace(
            book,
            weights=row,
            options=None if book.written_options is None else book.written_options.times(factor),
        )
        for book, row in zip(active, weights, strict=True)
    }
    for book in plain:
        if book.empty:
            total = float(np.abs(book.written).sum())
            if total == 0:
                raise ScenarioError(
                    "hold nothing, and give an overlay its proportions",
                    file=scenario.source,
                    key=f"{key}.books.{book.id}.positions",
                    allowed="positions that are not all zero",
                )
            sized[book.id] = replace(book, weights=book.written * (book.size / total))
    return tuple(sized[book.id] for book in plain)


def _plain_books(scenario: Scenario, fund: Fund, terms: dict[str, Any], assets: Assets) -> tuple[BookOf, ...]:
    """Books as written, sorted by id; `terms` are those of the fund's triggers."""
    key = f"funds.{fund.id}"
    if fund.books is None:
        written = book_weights(scenario, fund, fund.positions or {}, f"{key}.positions", assets)
        beside = {"gamma": fund.gamma, "theta": fund.theta}
        options = book_options(scenario, fund, fund.positions or {}, beside, key, assets)
        return (BookOf("main", 1.0, written, written, _book_terms(None, terms), written_options=options),)
    active = sum(not book.starts_at_nothing for book in fund.books)

    def read(book: Book) -> BookOf:
        written = book_weights(scenario, fund, book.positions, f"{key}.books.{book.id}.positions", assets)
        default = 1.0 if active == 1 and not book.starts_at_nothing else 0.0
        own = _book_terms(book, terms)
        largest = [table.largest(own[name]) for name, table in TABLES.items()]
        return BookOf(
            id=book.id,
            share=default if book.share is None else book.share,
            written=written,
            weights=written,
            terms=own,
            priority=book.priority,
            largest=next((size for size in largest if size is not None), None),
            written_options=book_options(
                scenario,
                fund,
                book.positions,
                {"gamma": book.gamma, "theta": book.theta},
                f"{key}.books.{book.id}",
                assets,
            ),
        )

    held = (book for book in fund.books if not book.turned_off)
    return tuple(read(book) for book in sorted(held, key=lambda book: book.id))


def _book_terms(book: Book | None, terms: dict[str, Any]) -> dict[str, Any]:
    return {name: table.book_terms(book, terms[name]) for name, table in TABLES.items()}
