"""Tables of the file that describe triggers: `[triggers]`, `[funds.triggers]` and the ladders of books."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, field_validator

from stress.scenarios.read.fields import Fraction, LeverageLimit, Number, Table, VolatilityTarget, refuse

Points = list[Annotated[list[Fraction], Field(min_length=2, max_length=2)]]


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


def check_overlay(overlay: list[list[float]] | None) -> list[list[float]] | None:
    """Points (loss, size): losses above 0 and strictly increasing, sizes from 0 to 1000, not decreasing, last > 0."""
    if not overlay:
        return overlay  # [] turns it off
    allowed = (
        "points [loss, size], losses of the fund above 0 and increasing, "
        "sizes in multiples of its NAV not decreasing and the last above 0"
    )
    last_loss, last_size = 0.0, 0.0
    for loss, size in overlay:
        if not 0 <= size <= 1000:
            raise refuse(f"has the size {size}, outside [0, 1000]", allowed)
        if loss <= last_loss or size < last_size:
            raise refuse(f"is not increasing at [{loss}, {size}]", allowed)
        last_loss, last_size = loss, size
    if last_size == 0:
        raise refuse("never holds anything", allowed)
    return overlay


class FundTriggers(Table):
    """`[funds.triggers]`; a key left out is taken from `[triggers]`."""

    max_leverage: LeverageLimit | None = Field(default=None, description="the broker's limit on gross over equity")
    target_leverage: LeverageLimit | None = Field(
        default=None,
        description="with max_leverage: where a breach sells down to, default 0.95 times the limit; "
        "without: the fund's own target of gross over equity",
    )
    band: Fraction | None = Field(
        default=None, ge=0, le=100, description="relative distance from its own target at which a fund acts; 0.05"
    )
    two_way: StrictBool = Field(default=False, description="it also buys back up to its own target")
    target_vol: VolatilityTarget | None = Field(
        default=None, description='annual volatility of P&L over NAV, or "start", or "1.1 x start"'
    )
    vol_band: Number | None = Field(
        default=None, gt=0, le=100, description="multiple of target_vol at which gross is cut; 1.25"
    )
    speed: Fraction = Field(default=0.3, gt=0, le=1, description="share of the gap to target_vol closed per step")
    stop_loss: Points | None = Field(
        default=None, description="[drawdown, cut] points of the start size; [] turns it off"
    )
    scope: Literal["book", "fund"] = Field(default="book", description="whose drawdown the stop_loss reads")
    cure_steps: StrictInt = Field(
        default=3, ge=1, le=1_000_000_000, description="a deficit still growing after so many steps is a default"
    )
    closeout_participation: Fraction = Field(
        default=0.25, ge=0, le=100, description="of depth times adv, after a default"
    )

    @field_validator("stop_loss")
    @classmethod
    def _ladder(cls, ladder: list[list[float]] | None) -> list[list[float]] | None:
        return check_ladder(ladder)


def _none_is_off(value: object) -> object:
    return None if value == "none" else value


class Triggers(FundTriggers):
    """`[triggers]`: of every fund."""

    max_participation: Annotated[Fraction | None, BeforeValidator(_none_is_off)] = Field(
        default=None,
        gt=0,
        le=100,
        description='limit on all forced sales together, share of depth times adv per asset and step; "none": no limit',
    )
