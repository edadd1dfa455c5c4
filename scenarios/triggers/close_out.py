"""Default and close-out: `cure_steps` or `cure_days`, `closeout_participation`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field, StrictInt

from stress.scenarios.problem import Floats, Ints
from stress.scenarios.read.days import steps_of
from stress.scenarios.read.fields import Fraction, Number, Table
from stress.scenarios.read.quantities import PARTICIPATION
from stress.scenarios.triggers.protocol import Asked, Building, TriggerTable

CURE_DAYS = 3


class Keys(Table):
    """Keys of default and close-out."""

    cure_steps: StrictInt = Field(
        default=CURE_DAYS,
        description="a deficit still growing after so many steps is a default",
        ge=1,
        le=1_000_000_000,
    )
    cure_days: Number | None = Field(
        default=None, description="cure_steps in days; the only one with several steps a day", gt=0, le=1_000_000_000
    )
    closeout_participation: Annotated[Fraction, PARTICIPATION] = Field(
        default=0.25,
        description="of depth times adv, after a default",
        ge=0,
        le=PARTICIPATION.most,
    )


class Terms(NamedTuple):
    """Of a fund type."""

    cure_steps: int
    participation: float


@dataclass(frozen=True)
class CloseOut:
    """Arrays of every member."""

    cure_steps: Ints  # (member,)
    participation: Floats  # (member,) share of g ADV


class _CloseOut(TriggerTable):
    name = "close_out"
    because = "close-out by its brokers"
    keys = Keys

    def terms(self, asked: Asked) -> Terms:
        """A fund that no table speaks about has no broker with terms: it holds still whatever happens."""
        participation = asked.values["closeout_participation"] if asked.has_broker_terms else 0.0
        return Terms(steps_of("cure", asked.tables, asked.per_day, CURE_DAYS, asked.source), participation)

    def arrays(self, building: Building) -> CloseOut:
        terms = [member.terms[self.name] for member in building.members]
        cure_steps = np.array([one.cure_steps for one in terms], dtype=np.int64)
        return CloseOut(cure_steps, np.array([one.participation for one in terms]))

    def document(self, terms: Terms) -> dict[str, Any]:
        return {"cure_steps": terms.cure_steps, "closeout_participation": terms.participation}


TABLE = _CloseOut()
