"""What is compiled: shapes and which mechanisms there are, hashable, without any number of the scenario.

Where a mechanism's numbers in `Params` are None it is off, and nothing of it is compiled.
"""

from __future__ import annotations

from typing import NamedTuple


class Layout(NamedTuple):
    """Adjacent kinds of funds with equally many members and books.

    Members are ordered (kind, member), books (kind, member, book), shapes (kind, book): the members of a kind hold
    the same shapes in other sizes, so which row belongs to which is known when a program is compiled.
    """

    types: int
    members: int
    books: int


class Tiers(NamedTuple):
    """Liquidity tiers under a cap on forced orders: books as parts of managers' books."""

    held: tuple[tuple[int, ...], ...]  # (shape,) rows of the assets that each holds, at least one
    manager: tuple[int, ...]  # (book,) the manager's book that it is a part of; non-decreasing


class MarginStructure(NamedTuple):
    """What of margin there is."""

    methods: tuple[str, ...]  # that some member is on, in the order of the registry (`kernels.margin.registry`)
    terms: int  # distinct terms of brokers other than base rates at all times
    base: bool  # some line has base rates at some time
    hikes: bool
    long_cap: bool  # a margin rate on longs may reach 1 and is capped there

    @property
    def linear(self) -> bool:
        """Whether every requirement is a haircut at base rates, which is linear in prices."""
        return not self.terms and self.methods == ("haircut",)


class ImpactStructure(NamedTuple):
    """How trading moves prices."""

    law: str  # by name, see `kernels.impact.registry`
    decay: bool  # the recent flow decays, or depth changes


class Structure(NamedTuple):
    """All of it."""

    steps: int
    steps_per_day: int
    assets: int
    layouts: tuple[Layout, ...]
    group_members: tuple[tuple[int, int], ...]  # first and last+1 member of each reported fund
    brokers: int
    shocks: str  # model of the draw by name, see `kernels.shocks.registry`
    margin: MarginStructure | None
    triggers: tuple[str, ...]  # by name, see `kernels.triggers.registry`
    priority: tuple[int, ...]  # rank of each book in brokers' sales; () = all together
    impact: ImpactStructure | None
    outside: tuple[str, ...]  # flow from outside the funds by name, see `kernels.outside.registry`
    volatility: bool  # margin or depth depends on realised volatility
    depth: bool  # depth evaporates
    tiers: Tiers | None  # None: forced orders have no cap
    book_pnl: bool  # some trigger reads the P&L of managers' books
    builds: bool  # some book may grow
    max_rounds: int
    twin: bool  # the start book is held beside the traded one; else `quiet.hold_still` has done it
    feedback: bool  # False: nobody trades, nothing has impact
    high_leverage: bool  # some fund's gross is so large that the rounding of a price near 1 would show in its loss
    attribution: bool  # the P&L of the cascade is split by cause
    groups: tuple[tuple[int, ...], ...] = ()  # members of each group of the user's, rows after the reported funds
    sources: tuple[int, ...] = ()  # rows of assets that others move with by loadings; () = no loadings
    convex: bool = False  # some book has options: gammas and thetas
    extensions: tuple[tuple[str, int], ...] = ()  # of mechanisms from outside: digest, number of the registration

    @property
    def participation(self) -> bool:
        """Whether forced orders have a cap."""
        return self.tiers is not None

    @property
    def members(self) -> int:
        """Number of member funds."""
        return sum(x.types * x.members for x in self.layouts)

    @property
    def books(self) -> int:
        """Number of books."""
        return sum(x.types * x.members * x.books for x in self.layouts)

    @property
    def managers(self) -> int:
        """Number of managers' books."""
        return self.books if self.tiers is None else self.tiers.manager[-1] + 1

    @property
    def reported(self) -> int:
        """Number of rows of what is told by fund: reported funds, groups of the user's, the whole system."""
        return len(self.group_members) + len(self.groups) + 1

    @property
    def shapes(self) -> int:
        """Number of distinct book shapes."""
        return sum(x.types * x.books for x in self.layouts)
