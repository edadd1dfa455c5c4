"""Tables of the file that describe margin: `[margin]`, `[funds.margin]` and the terms of brokers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, field_validator

from stress.scenarios.read.fields import Identifier, Move, Number, Rate, Table, refuse
from stress.scenarios.read.quantities import MOVE, RATE, percent

MOST_STEPS = 1_000_000_000


class Hike(Table):
    """A broker asks for more once volatility has risen far enough."""

    level: Number = Field(
        gt=0, le=1e6, description="mean volatility of equities over that of the start, above which it hikes"
    )
    size: Number = Field(gt=0, le=100, description="added to the multiplier of margin rates")


class Concentration(Table):
    """An add-on to the margin rate of positions that are large beside the volume of their market."""

    per_day: Rate = Field(ge=0, le=RATE.most, description="added to the rate for each day of volume held")
    above_days: Number = Field(default=0.0, ge=0, description="days of volume that are free of it")


class MarginTerms(Table):
    """`[margin]` and `[funds.margin]`; a key left out of the latter is taken from the former."""

    method: Literal["haircut", "portfolio", "none"] = Field(
        default="haircut",
        description='"portfolio": the worst loss over `scenarios`; "none": no requirement',
    )
    buffer: Rate = Field(default=0.05, ge=0.01, le=RATE.most, description="a call is cured to E = (1 + buffer) M")
    grace_steps: StrictInt = Field(default=0, ge=0, le=MOST_STEPS, description="age from which a call forces sales")
    grace_days: Number | None = Field(
        default=None, ge=0, le=MOST_STEPS, description="grace_steps in days; the only one with several steps a day"
    )
    procyclicality: Number = Field(default=0.0, ge=0, le=10, description="exponent gamma of the volatility ratio")
    cap: Number | None = Field(
        default=None, ge=1, le=100, description="of the multiplier; default 1.5, 1 without procyclicality"
    )
    hike: Hike | None = Field(default=None, description="what brokers add once volatility has risen")
    rates: dict[Identifier, Rate] = Field(default_factory=dict, description="margin rates by asset id or asset class")
    concentration: Concentration | None = Field(default=None, description="haircut: add-on by days of volume held")
    scenarios: list[dict[Identifier, Move]] = Field(
        default_factory=list, description="portfolio: shock vectors, simple returns by asset id or asset class"
    )
    floor: Rate = Field(
        default=0.0, ge=0, le=RATE.most, description="portfolio: smallest requirement, fraction of gross"
    )

    allow_start_in_call: StrictBool = Field(
        default=False, description="whether a fund may owe more than its equity at the start; else that is an error"
    )

    @field_validator("rates")
    @classmethod
    def _rates(cls, rates: dict[str, float]) -> dict[str, float]:
        for name, rate in rates.items():
            if not 0 <= rate <= RATE.most:
                allowed = f"a margin rate between 0 and {RATE.most:g} ({percent(RATE.most)})"
                raise refuse(f"is outside [0, {RATE.most:g}]", allowed, name)
        return rates

    @field_validator("scenarios")
    @classmethod
    def _moves(cls, scenarios: list[dict[str, float]]) -> list[dict[str, float]]:
        for case, moves in enumerate(scenarios):
            if not moves:
                raise refuse("moves nothing", "at least one move by asset id or asset class", str(case))
            for name, move in moves.items():
                if not MOVE.least <= move <= MOVE.most:
                    allowed = f"a simple return of {percent(MOVE.least)} to {percent(MOVE.most)}"
                    raise refuse(f"is outside [{MOVE.least:g}, {MOVE.most:g}]", allowed, f"{case}.{name}")
        return scenarios


class Margin(MarginTerms):
    """`[margin]`: terms of every fund."""

    lockup_steps: Annotated[StrictInt, Field(ge=0, le=MOST_STEPS)] = Field(
        default=0, description="steps during which rates stay frozen"
    )
    lockup_days: Number | None = Field(default=None, ge=0, le=MOST_STEPS, description="lockup_steps in days")


class FundMargin(MarginTerms):
    """`[funds.margin]`."""

    lockup_steps: int | list[int] = Field(
        default=0, description="steps during which rates stay frozen, or one for each tier"
    )
    lockup_days: Annotated[Number, Field(ge=0, le=MOST_STEPS)] | list[Number] | None = Field(
        default=None, description="lockup_steps in days"
    )

    @field_validator("lockup_steps", mode="before")
    @classmethod
    def _lockup(cls, value: object) -> object:
        items = value if isinstance(value, list) else [value]
        if not items or any(isinstance(x, bool) or not isinstance(x, int) or not 0 <= x <= MOST_STEPS for x in items):
            raise refuse(
                "is no number of steps", "a whole number of 0 or more (1e9 at most), or a list, one for each tier"
            )
        return value

    @field_validator("lockup_days")
    @classmethod
    def _lockup_days(cls, value: object) -> object:
        items = value if isinstance(value, list) else [value]
        if not items or any(isinstance(x, float) and not 0 <= x <= MOST_STEPS for x in items):
            raise refuse("is no number of days", "0 or more (1e9 at most), or a list, one for each tier")
        return value


class BrokerTerms(Table):
    """`[prime_brokers.ID]`: a broker's own terms, in place of the fund's for the part that it finances."""

    rate_factor: Number = Field(default=1.0, gt=0, le=10, description="multiplies the margin rates")
    procyclicality: Number | None = Field(default=None, ge=0, le=10, description="default: the fund's")
    cap: Number | None = Field(default=None, ge=1, le=100, description="of the multiplier; default: the fund's")
    hike: Hike | None = Field(default=None, description="default: the fund's")
