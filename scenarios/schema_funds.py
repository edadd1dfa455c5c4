"""Tables of the file that describe funds, their margin terms and their triggers."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

from pydantic import Field, StrictInt, field_validator, model_validator

from stress.scenarios import units
from stress.scenarios.fields import (
    Fraction,
    Identifier,
    LeverageLimit,
    Money,
    Number,
    Positions,
    Table,
    refuse,
)

SHARE_TOLERANCE = 1e-6
Ladder = list[Annotated[list[Fraction], Field(min_length=2, max_length=2)]]


def check_ladder(ladder: list[list[float]] | None) -> list[list[float]] | None:
    """Points (drawdown, cut): drawdowns above 0 and strictly increasing, cuts in [0, 1] and not decreasing."""
    allowed = "points [drawdown, cut], drawdowns above 0 and increasing, cuts between 0 and 1 and not decreasing"
    last_drawdown, last_cut = 0.0, 0.0
    for drawdown, cut in ladder or []:
        if not 0 <= cut <= 1:
            raise refuse(f"has the cut {cut}, outside [0, 1]", allowed)
        if drawdown <= last_drawdown or cut < last_cut:
            raise refuse(f"is not increasing at [{drawdown}, {cut}]", allowed)
        last_drawdown, last_cut = drawdown, cut
    return ladder


class MarginTerms(Table):
    """`[margin]` and `[funds.margin]`; a key left out of the latter is taken from the former."""

    method: Literal["haircut", "none"] = Field(default="haircut", description='"none": no requirement')
    buffer: Fraction = Field(default=0.05, ge=0.01, le=10, description="a call is cured to E = (1 + buffer) M")
    grace_steps: StrictInt = Field(default=0, ge=0, description="age from which a call forces sales")
    procyclicality: Number = Field(default=0.0, ge=0, le=10, description="exponent gamma of the volatility ratio")
    cap: Number | None = Field(
        default=None, ge=1, le=100, description="of the multiplier; default 1.5, 1 without procyclicality"
    )
    rates: dict[Identifier, Fraction] = Field(
        default_factory=dict, description="margin rates by asset id or asset class"
    )

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the format that this version lacks."""
        return frozenset({"hike", "scenarios", "concentration"})

    @field_validator("rates")
    @classmethod
    def _rates(cls, rates: dict[str, float]) -> dict[str, float]:
        for name, rate in rates.items():
            if not 0 <= rate <= 5:
                raise refuse("is outside [0, 5]", "a margin rate between 0 and 5 (500 %)", name)
        return rates


class Margin(MarginTerms):
    """`[margin]`: terms of every fund."""

    lockup_steps: Annotated[StrictInt, Field(ge=0)] = Field(
        default=0, description="steps during which rates stay frozen"
    )


class FundMargin(MarginTerms):
    """`[funds.margin]`."""

    lockup_steps: int | list[int] = Field(
        default=0, description="steps during which rates stay frozen, or one for each tier"
    )

    @field_validator("lockup_steps", mode="before")
    @classmethod
    def _lockup(cls, value: object) -> object:
        items = value if isinstance(value, list) else [value]
        if not items or any(isinstance(x, bool) or not isinstance(x, int) or x < 0 for x in items):
            raise refuse("is no number of steps", "a whole number of 0 or more, or a list with one for each tier")
        return value


class FundTriggers(Table):
    """`[funds.triggers]`; a key left out is taken from `[triggers]`."""

    max_leverage: LeverageLimit | None = Field(default=None, description="the broker's limit on gross over equity")
    target_leverage: LeverageLimit | None = Field(
        default=None, description="where a breach sells down to; default: 0.95 times max_leverage"
    )
    stop_loss: Ladder | None = Field(
        default=None, description="[drawdown, cut] points of the start size; [] turns it off"
    )
    scope: Literal["book", "fund"] = Field(default="book", description="whose drawdown the stop_loss reads")
    cure_steps: StrictInt = Field(
        default=3, ge=1, description="a deficit still growing after so many steps is a default"
    )
    closeout_participation: Fraction = Field(
        default=0.25, ge=0, le=100, description="of depth times adv, after a default"
    )

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the format that this version lacks."""
        return frozenset({"band", "two_way", "target_vol", "speed"})

    @field_validator("stop_loss")
    @classmethod
    def _ladder(cls, ladder: list[list[float]] | None) -> list[list[float]] | None:
        return check_ladder(ladder)

    @field_validator("target_leverage")
    @classmethod
    def _finite_target(cls, target: float | str | None) -> float | str | None:
        if target is not None and units.leverage(target).value == float("inf"):
            raise refuse("is no target", 'a positive number or "1.1 x start"')
        return target


class Triggers(FundTriggers):
    """`[triggers]`: of every fund."""

    max_participation: Fraction | None = Field(
        default=None,
        gt=0,
        le=100,
        description="limit on all forced sales together, share of depth times adv per asset and step",
    )


class Book(Table):
    """Positions run by one manager."""

    id: Identifier
    share: Fraction | None = Field(
        default=None, ge=0, le=1, description="share of NAV on which its drawdown is measured; 0 = the fund's drawdown"
    )
    positions: Positions = Field(
        description="signed weights (asset = multiple of NAV), or a file (asset, position in USD)"
    )
    stop_loss: Ladder | None = None

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the format that this version lacks."""
        return frozenset({"priority", "overlay"})

    @field_validator("stop_loss")
    @classmethod
    def _ladder(cls, ladder: list[list[float]] | None) -> list[list[float]] | None:
        return check_ladder(ladder)


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
    nav: Money = Field(gt=0, description="USD, all members together")
    gross: Fraction | None = Field(
        default=None, gt=0, le=1000, description="scales positions: long plus short over NAV"
    )
    net: Fraction | None = Field(default=None, ge=-1000, le=1000, description="long minus short over NAV; needs gross")
    positions: Positions | None = Field(default=None, description="of a fund without books")
    prime_brokers: dict[Identifier, Fraction] = Field(
        default_factory=dict, description="share of the fund each broker finances; sum 1"
    )
    tiers: Tiers | None = None
    count: StrictInt | None = Field(default=None, ge=1, le=1000, description="equal members")
    leverage_spread: Fraction | None = Field(
        default=None, ge=0, lt=1, description="grosses of the members spread evenly +- this"
    )
    margin: FundMargin | None = None
    triggers: FundTriggers | None = None
    books: Annotated[list[Book], Field(min_length=1)] | None = None

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
        if self.net is not None and self.gross is None:
            raise refuse("is given without gross", "net together with gross", "net")
        if self.net is not None and self.gross is not None and abs(self.net) > self.gross:
            raise refuse(f"exceeds the gross of {self.gross}", f"between {-self.gross} and {self.gross}", "net")
        if self.tiers is not None and self.count is not None:
            raise refuse("is given together with tiers", "one of: tiers, count", "count")
        if self.leverage_spread is not None and self.count is None:
            raise refuse("is given without count", "leverage_spread together with count", "leverage_spread")
        lockup = self.margin.lockup_steps if self.margin is not None else 0
        if isinstance(lockup, list) and len(lockup) != self.members:
            raise refuse(f"has {len(lockup)} entries", f"one for each of {self.members} members", "margin.lockup_steps")
        for identifier, uses in Counter(book.id for book in self.books or []).items():
            if uses > 1:
                raise refuse("is used more than once", "distinct ids", f"books.{identifier}.id")
        shares = sum(book.share or 0.0 for book in self.books or [])
        if shares > 1 + SHARE_TOLERANCE:
            raise refuse(f"have shares that sum to {shares:.9g}", "shares of NAV that sum to 1 at most", "books")
        return self

    @property
    def members(self) -> int:
        """Number of member funds."""
        return len(self.tiers.nav) if self.tiers is not None else self.count or 1
