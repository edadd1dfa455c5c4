"""`[[ranges]]`: how far off numbers of the scenario may be. They change no run: `levstress sensitivity` reads them."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from stress.scenarios.read.fields import Table, refuse


def _end(value: object) -> float | str:
    """A number, or a text that the key itself can have."""
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number and not isinstance(value, str):
        raise refuse("is no number", "a number, or a text with a unit such as 25 %")
    return value if isinstance(value, str) else float(value)  # type: ignore[arg-type]


End = Annotated[float | str, PlainValidator(_end), WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})]


class Range(Table):
    """One range."""

    key: str = Field(
        min_length=1,
        description="a number of the file, as in --set: impact.coefficient; with * at the end, low and high multiply "
        "what stands there: funds.*.gross*; or the name of a group of `levstress sensitivity`: haircuts",
    )
    low: End = Field(description="in the unit of the number, or a factor above 0")
    high: End = Field(description="above low")
    law: Literal["uniform", "triangular", "loguniform"] = Field(
        default="uniform", description="between low and high; triangular: most likely is what stands there"
    )
    source: str = Field(default="", description="where the range comes from")

    @model_validator(mode="after")
    def _in_order(self) -> Range:
        low, high = self.low, self.high
        if not isinstance(low, str) and not isinstance(high, str) and not low < high:
            raise refuse("is not above low", f"more than {low:g}", "high")
        return self
