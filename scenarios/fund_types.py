"""Fund types resolved one by one: members, books in multiples of NAV, margin terms, triggers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stress.scenarios.positions import book_weights, scaled
from stress.scenarios.problem import Assets, Floats
from stress.scenarios.schema import Scenario
from stress.scenarios.schema_funds import Fund
from stress.scenarios.terms import MarginOf, TriggersOf, margin_of, triggers_of


@dataclass(frozen=True)
class BookOf:
    """One book of a fund type; `written` and `weights` have shape (asset,), signed multiples of the type's NAV."""

    id: str
    share: float
    written: Floats  # as in the file
    weights: Floats  # scaled to gross and net
    stop_loss: list[list[float]]  # [] = no ladder


# id, share, positions, own ladder, dotted key of the positions
_Written = tuple[str, float, dict[str, float] | str | None, list[list[float]] | None, str]


@dataclass(frozen=True)
class TypeOf:
    """One fund type, its books sorted by id."""

    fund: Fund
    member_ids: tuple[str, ...]
    member_nav: Floats  # (member,) USD
    member_scale: Floats  # (member,) multiple of the type's gross
    books: tuple[BookOf, ...]
    margin: MarginOf
    triggers: TriggersOf

    @property
    def gross(self) -> float:
        """Gross of the type as a multiple of NAV."""
        return float(sum(np.abs(book.weights).sum() for book in self.books))


def resolve_fund_types(scenario: Scenario, assets: Assets) -> tuple[TypeOf, ...]:
    """Every fund type, sorted by id.

    Raises:
        ScenarioError: an unknown asset, positions that cannot be scaled to the gross and net asked for.
    """
    return tuple(_resolve(scenario, fund, assets) for fund in sorted(scenario.funds, key=lambda fund: fund.id))


def _resolve(scenario: Scenario, fund: Fund, assets: Assets) -> TypeOf:
    shares, multiples = _members(fund)
    width = len(str(len(shares)))
    ids = [fund.id] if len(shares) == 1 else [f"{fund.id}_t{n:0{width}d}" for n in range(1, len(shares) + 1)]
    return TypeOf(
        fund=fund,
        member_ids=tuple(ids),
        member_nav=fund.nav * shares,
        member_scale=multiples,
        books=_books(scenario, fund, assets),
        margin=margin_of(scenario, fund),
        triggers=triggers_of(scenario, fund),
    )


def _members(fund: Fund) -> tuple[Floats, Floats]:
    """Shares of NAV and multiples of gross, both (member,)."""
    if fund.tiers is not None:
        return np.array(fund.tiers.nav), np.array(fund.tiers.gross)
    count = fund.count or 1
    spread = (fund.leverage_spread or 0.0) if count > 1 else 0.0
    return np.full(count, 1 / count), np.linspace(1 - spread, 1 + spread, count)


def _books(scenario: Scenario, fund: Fund, assets: Assets) -> tuple[BookOf, ...]:
    ladder = triggers_of(scenario, fund).stop_loss
    key = f"funds.{fund.id}"
    if fund.books is None:
        plain: list[_Written] = [("main", 1.0, fund.positions, None, f"{key}.positions")]
    else:
        default = 1.0 if len(fund.books) == 1 else 0.0
        plain = [
            (b.id, default if b.share is None else b.share, b.positions, b.stop_loss, f"{key}.books.{b.id}.positions")
            for b in sorted(fund.books, key=lambda book: book.id)
        ]
    written = np.array(
        [book_weights(scenario, fund, positions or {}, where, assets) for _, _, positions, _, where in plain]
    )
    weights = scaled(scenario, fund, written, assets.in_net)
    return tuple(
        BookOf(name, share, before, after, ladder if own is None else own)
        for (name, share, _, own, _), before, after in zip(plain, written, weights, strict=True)
    )
