"""`[impact]`: the price impact of the recent flow, with the parameters of each law."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from stress.scenarios.read.fields import Fraction, HalfLife, Identifier, Money, Number, Table, refuse

# keys that only one law reads
KEYS_OF_LAW = {
    "square_root": ("coefficient", "core"),
    "linear": ("lambda",),
    "bounded_exponential": ("c", "tau", "B"),
    "exponential": ("pi", "outstanding"),
}
_REQUIRED = {"linear": ("lambda",), "exponential": ("pi", "outstanding")}


def _one_or_table(value: object) -> str:
    return "<table>" if isinstance(value, dict) else "<number>"


_Numbers = Annotated[
    Annotated[dict[Identifier, Number], Tag("<table>")] | Annotated[Number, Tag("<number>")],
    Discriminator(_one_or_table),
]
_Amounts = Annotated[
    Annotated[dict[Identifier, Money], Tag("<table>")] | Annotated[Money, Tag("<number>")],
    Discriminator(_one_or_table),
]


class Impact(Table):
    """Price impact of the recent flow."""

    law: Literal["none", "square_root", "linear", "bounded_exponential", "exponential"] = "square_root"
    coefficient: Number = Field(default=1.0, ge=0, le=100, description="square_root: Y")
    core: Number = Field(default=1e-4, gt=0, le=1, description="square_root: linear below this participation")
    slope: _Numbers | None = Field(
        default=None, alias="lambda", description="linear: simple change per USD; one, or by asset id or asset class"
    )
    c: Number = Field(default=0.4, gt=0, le=100, description="bounded_exponential: coefficient of depth")
    tau: Number = Field(default=20.0, gt=0, le=10_000, description="bounded_exponential: days of volume of depth")
    bound: Fraction = Field(
        default=0.5, ge=0, lt=1, alias="B", description="bounded_exponential: share of the price that always stays"
    )
    pi: Fraction | None = Field(
        default=None, gt=0, lt=1, description="exponential: fall when 5 % of what is outstanding is sold"
    )
    outstanding: _Amounts | None = Field(
        default=None, description="exponential: USD; one, or by asset id or asset class"
    )
    permanent: Fraction = Field(default=1 / 3, ge=0, le=1, description="share of the price change that never decays")
    half_life: HalfLife = Field(default=5.0, description='of the recent flow, days; "none": it does not decay')
    execution_weight: Fraction = Field(default=0.5, ge=0, le=1, description="sold at (1-w) P_before + w P_after")

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the format that this version lacks."""
        return frozenset({"memory"})

    @field_validator("slope", "outstanding")
    @classmethod
    def _positive(cls, value: float | dict[str, float] | None) -> float | dict[str, float] | None:
        entries = value if isinstance(value, dict) else {"": 1.0 if value is None else value}
        for name, number in entries.items():
            if number <= 0:
                raise refuse("is not positive", "numbers above 0, one or by asset id or asset class", name)
            if not 1e-30 <= number <= 1e18:
                raise refuse("is out of range", "numbers between 1e-30 and 1e18", name)
        return value

    @model_validator(mode="after")
    def _keys_of_the_law(self) -> Impact:
        """Keys of another law are errors; with law "none" they may stay, so that impact can be turned off alone."""
        if self.law == "none":
            return self
        for law, keys in KEYS_OF_LAW.items():
            for key in keys:
                if law != self.law and key in self.given:
                    own = ", ".join(KEYS_OF_LAW[self.law])
                    raise refuse(
                        f"belongs to the law {law}, and the law is {self.law}",
                        f"the keys {own}; a table as a whole may replace another: impact={{law='{self.law}', ...}}",
                        key,
                    )
        for key in _REQUIRED.get(self.law, ()):
            if key not in self.given:
                raise refuse(f"is missing, and the law is {self.law}", "this key is required", key)
        return self

    @property
    def given(self) -> frozenset[str]:
        """Keys of the file that were set, under their names there."""
        fields = type(self).model_fields
        return frozenset(fields[name].alias or name for name in self.model_fields_set)
