"""Tables of the file that describe funds: their books, members and brokers, and crowds of funds."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from pydantic import Field, StrictInt, field_validator, model_validator

from stress.scenarios.read.fields import (
    LOWEST_USD,
    Fraction,
    Identifier,
    Money,
    Multiple,
    Positions,
    Share,
    Table,
    refuse,
)
from stress.scenarios.read.quantities import LEVERAGE
from stress.scenarios.schema.margin import FundMargin
from stress.scenarios.triggers.protocol import BookKeys

SHARE_TOLERANCE = 1e-6
GAMMA = (
    "of options, by asset, multiple of NAV: what the position (their delta) changes by as the asset moves by 100 %; "
    "the column gamma (USD) of a file of positions"
)
THETA = "of options, by asset, multiple of NAV a day; the column theta (USD a day) of a file of positions"


class Book(BookKeys):
    """Positions run by one manager."""

    id: Identifier
    share: Share | None = Field(
        default=None, ge=0, le=1, description="share of NAV on which its drawdown is measured; 0 = the fund's drawdown"
    )
    positions: Positions = Field(
        description="signed weights (asset = multiple of NAV), or a file (asset, position in USD); "
        "of an overlay only their proportions count"
    )
    gamma: dict[Identifier, Fraction] | None = Field(default=None, description=GAMMA)
    theta: dict[Identifier, Fraction] | None = Field(default=None, description=THETA)
    priority: StrictInt | None = Field(
        default=None, ge=0, description="brokers sell books of a lower number first; default: after all others"
    )


class Tiers(Table):
    """Members of a fund type: their shares of its NAV and their multiples of its gross."""

    nav: Annotated[list[Fraction], Field(min_length=1, max_length=1000)]
    gross: list[Fraction]

    @model_validator(mode="after")
    def _add_up(self) -> Tiers:
        if len(self.gross) != len(self.nav):
            raise refuse(f"has {len(self.gross)} entries", f"as many as nav: {len(self.nav)}", "gross")
        for key, values in (("nav", self.nav), ("gross", self.gross)):
            if any(x <= 0 for x in values):
                raise refuse("has an entry that is not positive", "positive numbers", key)
        if abs(sum(self.nav) - 1) > SHARE_TOLERANCE:
            raise refuse(f"sums to {sum(self.nav):.9g}", "shares that sum to 1", "nav")
        mean = sum(n * g for n, g in zip(self.nav, self.gross, strict=True))
        if abs(mean - 1) > SHARE_TOLERANCE:
            raise refuse(f"averages to {mean:.9g} by nav", "multiples whose nav-weighted mean is 1", "gross")
        return self


class Fund(Table):
    """A fund type; a plain fund has one member."""

    id: Identifier
    strategy: str = ""
    region: str = ""
    nav: Money = Field(gt=0, le=1e18, description="USD, all members together")
    gross: Multiple | None = Field(
        default=None, gt=0, le=LEVERAGE.most, description="scales positions: long plus short over NAV"
    )
    net: Multiple | None = Field(
        default=None, ge=LEVERAGE.least, le=LEVERAGE.most, description="long minus short over NAV; needs gross"
    )
    positions: Positions | None = Field(default=None, description="of a fund without books")
    gamma: dict[Identifier, Fraction] | None = Field(default=None, description=f"of a fund without books: {GAMMA}")
    theta: dict[Identifier, Fraction] | None = Field(default=None, description=f"of a fund without books: {THETA}")
    prime_brokers: dict[Identifier, Share] = Field(
        default_factory=dict, description="share of the fund each broker finances; sum 1"
    )
    tiers: Tiers | None = None
    count: StrictInt | None = Field(default=None, ge=1, le=1000, description="equal members")
    leverage_spread: Share | None = Field(
        default=None, ge=0, lt=1, description="grosses of the members spread evenly +- this"
    )
    margin: FundMargin | None = None
    triggers: Table | None = None  # see `scenario_model`
    books: Annotated[list[Book], Field(min_length=1)] | None = None

    @field_validator("nav")
    @classmethod
    def _not_next_to_nothing(cls, value: float) -> float:
        if value < LOWEST_USD:
            raise refuse("is too small", f"{LOWEST_USD:g} USD or more")
        return value

    @field_validator("id")
    @classmethod
    def _not_system(cls, value: str) -> str:
        if value == "system":
            raise refuse("is taken: results use it for all funds together", "another id")
        return value

    @field_validator("prime_brokers")
    @classmethod
    def _sum_to_one(cls, shares: dict[str, float]) -> dict[str, float]:
        for broker, share in shares.items():
            if not 0 <= share <= 1:
                raise refuse("is outside [0, 1]", "a share between 0 and 1", broker)
        if shares and abs(sum(shares.values()) - 1) > SHARE_TOLERANCE:
            raise refuse(f"sums to {sum(shares.values()):.9g}", "shares that sum to 1")
        return shares

    @model_validator(mode="after")
    def _consistent(self) -> Fund:
        if (self.positions is None) == (self.books is None):
            found = "both positions and books are given" if self.books is not None else "neither positions nor books"
            raise refuse(found, "exactly one of: positions, books", "positions")
        for key in ("gamma", "theta"):
            if self.books is not None and getattr(self, key) is not None:
                raise refuse("is given beside books", f"{key} of each of its books", key)
        if self.net is not None and self.gross is None:
            raise refuse("is given without gross", "net together with gross", "net")
        if self.net is not None and self.gross is not None and abs(self.net) > self.gross:
            raise refuse(f"exceeds the gross of {self.gross}", f"between {-self.gross} and {self.gross}", "net")
        if self.tiers is not None and self.count is not None:
            raise refuse("is given together with tiers", "one of: tiers, count", "count")
        if self.leverage_spread is not None and self.count is None:
            raise refuse("is given without count", "leverage_spread together with count", "leverage_spread")
        for key in ("lockup_steps", "lockup_days"):
            lockup = getattr(self.margin, key, None)
            if isinstance(lockup, list) and len(lockup) != self.members:
                raise refuse(f"has {len(lockup)} entries", f"one for each of {self.members} members", f"margin.{key}")
        for identifier, uses in Counter(book.id for book in self.books or []).items():
            if uses > 1:
                raise refuse("is used more than once", "distinct ids", f"books.{identifier}.id")
        if self.books is not None and all(book.starts_at_nothing for book in self.books):
            raise refuse("are all overlays", "at least one book without overlay", "books")
        shares = sum(book.share or 0.0 for book in self.books or [])
        if shares > 1 + SHARE_TOLERANCE:
            raise refuse(f"have shares that sum to {shares:.9g}", "shares of NAV that sum to 1 at most", "books")
        return self

    @property
    def members(self) -> int:
        """Number of member funds."""
        return len(self.tiers.nav) if self.tiers is not None else self.count or 1


class Group(Table):
    """`[[groups]]`: funds that are reported together, as the whole system is; a firm and its pods."""

    id: Identifier
    funds: Annotated[list[Identifier], Field(min_length=1, max_length=2_000)]


class Crowding(Table):
    """`[crowding.FUND]`: the fund type becomes a crowd of members that hold a common and an own part."""

    count: StrictInt = Field(ge=1, le=1000, description="members")
    common: Share = Field(ge=0, le=1, description="share of gross that all members hold alike")
    styles: StrictInt | None = Field(
        default=None, ge=1, le=1000, description="distinct own parts; default: 8, or count where that is less"
    )
    leverage_spread: Share = Field(default=0.0, ge=0, lt=1, description="grosses of the members spread evenly +- this")
    seed: StrictInt = Field(default=0, ge=0, description="of the own parts")

    @model_validator(mode="after")
    def _enough_members(self) -> Crowding:
        if self.styles is not None and self.styles > self.count:
            raise refuse(f"exceeds the count of {self.count}", f"1 to {self.count}", "styles")
        return self

    @property
    def distinct(self) -> int:
        """Number of own parts."""
        return self.styles or min(self.count, 8)
