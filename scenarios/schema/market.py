"""Tables of the file that describe the market: horizon, assets, shocks, liquidity, cascade, estimation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictInt, ValidationInfo, field_validator, model_validator

from stress.scenarios.read.fields import (
    LOWEST_USD,
    AnnualVolatility,
    AssetClass,
    DegreesOfFreedom,
    Drift,
    Fraction,
    Identifier,
    Level,
    Loading,
    Money,
    Move,
    Number,
    Rate,
    Share,
    Table,
    refuse,
)
from stress.scenarios.read.quantities import MOVE, RATE, SCALE, VOLATILITY, percent
from stress.scenarios.schema.replay import Replay, ReplayOrName
from stress.scenarios.shocks.bootstrap import BootstrapKeys
from stress.scenarios.shocks.factor import FactorKeys
from stress.scenarios.shocks.filtered_historical import FilteredHistoricalKeys
from stress.scenarios.shocks.garch import GarchKeys
from stress.scenarios.shocks.jump import JumpKeys
from stress.scenarios.shocks.regime import RegimeKeys
from stress.scenarios.shocks.registry import NAMES as SHOCK_MODELS
from stress.scenarios.shocks.registry import TABLES

LOWEST_VOL = 1e-6  # what arithmetic of 32 bits can divide by


class Horizon(Table):
    """How long a path runs."""

    steps: StrictInt = Field(default=10, ge=1, le=100_000, description="number of steps of a path")
    steps_per_day: StrictInt = Field(default=1, ge=1, le=10_000, description="steps in one trading day")


class Asset(Table):
    """A tradable asset; also the columns of an asset file."""

    id: Identifier
    name: str = Field(default="", description="long name; default: the id")
    asset_class: AssetClass
    region: str = ""
    sector: str = ""
    vol: AnnualVolatility = Field(
        gt=0, le=VOLATILITY.most, description="pre-stress annual volatility: impact, margin, evaporation"
    )
    shock_vol: AnnualVolatility | None = Field(
        default=None, ge=0, le=VOLATILITY.most, description="annual volatility of the draw; default: vol"
    )
    impact_vol: AnnualVolatility | None = Field(
        default=None, ge=0, le=VOLATILITY.most, description="annual volatility of the impact law; default: vol"
    )
    in_net: bool = Field(default=True, description="counts in net leverage")
    adv: Money = Field(gt=0, le=1e30, description="average daily volume, USD, pre-stress")
    margin: Rate | None = Field(default=None, ge=0, le=RATE.most, description="base margin rate")
    loadings: dict[Identifier, Loading] | None = Field(
        default=None,
        description="moves with the whole log moves of these assets, forced selling included, on top of its own draw "
        "and impact; vol is then the whole volatility, shock_vol that of its own draw (default: what they leave)",
    )

    @field_validator("vol", "adv")
    @classmethod
    def _not_next_to_nothing(cls, value: float, info: ValidationInfo) -> float:
        lowest = LOWEST_VOL if info.field_name == "vol" else LOWEST_USD
        if value < lowest:
            raise refuse("is too small", f"{lowest:g} or more")
        return value


class ScriptStep(Table):
    """Simple returns added to the draw at one step."""

    step: StrictInt = Field(ge=1, description="1 is the first step")
    moves: dict[Identifier, Move]

    @field_validator("moves")
    @classmethod
    def _leaves_a_price(cls, moves: dict[str, float]) -> dict[str, float]:
        for asset, move in moves.items():
            if move < MOVE.least:
                raise refuse("leaves no price", "a simple return of -0.9999 (-99.99 %) or more", asset)
            if move > MOVE.most:
                raise refuse("is too large", f"a simple return of {MOVE.most:g} ({percent(MOVE.most)}) at most", asset)
        return moves


class ConditionStep(ScriptStep):
    """Moves of the draw that are fixed at one step: an asset's, or the value-weighted one of a class or sector."""

    bandwidth: Number | None = Field(
        default=None,
        gt=0,
        le=100,
        description="models that draw days of a history: width of the kernel that picks days, in Mahalanobis distance",
    )


class Shocks(Table):
    """The outside shock: a random draw and a script on top."""

    model: Literal[SHOCK_MODELS]  # type: ignore[valid-type]
    dof: DegreesOfFreedom = Field(
        default=4.0, description="degrees of freedom of Student-t draws: one number, or one for each asset class"
    )
    scale: Annotated[Fraction, SCALE] = Field(default=1.0, ge=0, le=SCALE.most, description="multiplies the draw only")
    drift: Drift = Field(
        default=0.0,
        description='annual mean of the log return of the draw, 0 where there is none; or "martingale": minus half its '
        "variance, with which mean prices stay where they are exactly under gaussian and nearly so under student_t",
    )
    max_move: Number = Field(default=1.0, gt=0, le=100, description="the log return of one step is clipped at +- this")
    script: list[ScriptStep] = Field(default_factory=list)
    condition: list[ConditionStep] = Field(default_factory=list)
    replay: ReplayOrName | None = Field(default=None, description="an episode of the library: its name, or a table")
    garch: GarchKeys | None = None
    regime: RegimeKeys | None = None
    jump: JumpKeys | None = None
    factor: FactorKeys | None = None
    bootstrap: BootstrapKeys | None = None
    filtered_historical: FilteredHistoricalKeys | None = None

    @model_validator(mode="after")
    def _drift_of_a_draw(self) -> Shocks:
        if self.model == "none" and self.drift != 0.0:
            raise refuse(
                'has nothing to act on where model is "none"',
                "0, or a model that draws; moves go into [[shocks.script]]",
                "drift",
            )
        return self

    @model_validator(mode="after")
    def _numbers_of_the_model(self) -> Shocks:
        table = TABLES[self.model]
        if table.required and getattr(self, self.model) is None:
            raise refuse(
                f"is missing, and the model is {self.model}",
                f"a table [shocks.{self.model}] with {', '.join(table.required)}",
                self.model,
            )
        return self

    def own_table(self) -> Any:
        """The table of the model, its defaults where it is left out; None where it has none."""
        keys = TABLES[self.model].keys
        return None if keys is None else getattr(self, self.model) or keys()

    def replay_table(self) -> Replay | None:
        """The replay as a table; None without."""
        return Replay(episode=self.replay) if isinstance(self.replay, str) else self.replay


class Liquidity(Table):
    """How depth shrinks under stress."""

    evaporation: Number = Field(default=1.2, ge=0, le=10, description="exponent kappa of the volatility ratio")
    flow_sensitivity: Number = Field(
        default=0.0, ge=0, le=100, description="eta, per average daily volume of forced flow"
    )
    floor: Share = Field(default=0.1, gt=0, le=1, description="smallest depth multiplier")


class Cascade(Table):
    """The rounds of forced selling within a step."""

    max_rounds: StrictInt = Field(default=64, ge=1, le=100_000)
    tolerance: Number | None = Field(default=None, gt=0, le=0.1, description="default: 1e-6, 1e-9 in float64")
    feedback: StrictBool = Field(default=True, description="false stops all triggers and impact")


class Estimation(Table):
    """What is estimated."""

    levels: Annotated[tuple[Level, ...], Field(min_length=1, max_length=50)] = ("0.95", "0.99", "0.999")
    detail_paths: StrictInt = Field(default=131_072, ge=1, description="paths with timeline and attribution")
    method: Literal["auto", "plain", "screen", "tilt"] = Field(
        default="plain", description="auto, screen, tilt: as many more paths that serve one question, see rare-events"
    )
    question: str | None = Field(
        default=None, max_length=200, description="of these and of `rare`; default: es(system, top level)"
    )

    @field_validator("levels")
    @classmethod
    def _distinct(cls, levels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(levels)) != len(levels):
            raise refuse("names a level twice", "distinct levels")
        return tuple(sorted(levels, key=float))
