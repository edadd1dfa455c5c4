"""`[impact]`: the price impact of the recent flow, with the parameters of each law there is (`scenarios.impact`)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, create_model, model_validator

from stress.scenarios.impact.protocol import LawTable
from stress.scenarios.impact.registry import LAWS
from stress.scenarios.read.fields import HalfLife, Share, Table, refuse


class Impact(Table):
    """Price impact of the recent flow."""

    law: str = Field(default="square_root")
    permanent: Share = Field(default=1 / 3, ge=0, le=1, description="share of the price change that never decays")
    half_life: HalfLife = Field(default=5.0, description='of the recent flow, days; "none": it does not decay')
    execution_weight: Share = Field(default=0.5, ge=0, le=1, description="sold at (1-w) P_before + w P_after")

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the format that this version lacks."""
        return frozenset({"memory"})

    @model_validator(mode="after")
    def _keys_of_the_law(self) -> Impact:
        """Keys of another law are errors; with law "none" they may stay, so that impact can be turned off alone."""
        if self.law == "none":
            return self
        for law, table in LAWS.items():
            for key in table.keys.written_keys():
                if law != self.law and key in self.given:
                    own = ", ".join(LAWS[self.law].keys.written_keys())
                    raise refuse(
                        f"belongs to the law {law}, and the law is {self.law}",
                        f"the keys {own}; a table as a whole may replace another: impact={{law='{self.law}', ...}}",
                        key,
                    )
        for key in LAWS[self.law].required:
            if key not in self.given:
                raise refuse(f"is missing, and the law is {self.law}", "this key is required", key)
        return self


def impact_model(laws: tuple[LawTable, ...]) -> type[Impact]:
    """The model of `[impact]` with the keys of some laws."""
    names: Any = Literal[("none", *(law.name for law in laws))]
    keys = tuple(law.keys for law in laws)
    bases: Any = (*keys[::-1], Impact)
    model: Any = create_model("Impact", __base__=bases, __doc__=Impact.__doc__, law=(names, "square_root"))
    found: type[Impact] = model
    return found
