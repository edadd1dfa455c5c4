"""Figures of a sensitivity analysis as tables and pictures take them: at one level, with units and names."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import xarray as xr

from stress.results.answers.world import BY_LEVEL
from stress.results.terminal.cells import money, money_unit, percent

SYSTEM = "system"
SHOWN = ("var", "es", "trough_es", "called_nav_share", "prob_default", "expected_forced_sales_usd")
HEADINGS = {
    "var": "VaR {level}",
    "es": "ES {level}",
    "trough_es": "trough ES",
    "called_nav_share": "NAV called",
    "prob_default": "P of default",
    "expected_forced_sales_usd": "forced sales",
}
UNTOLD = "too few paths"  # in place of an interval
LARGE = 1e6  # a number from which on it is an amount
OPEN_ENDED = ("low", "high")


class Study(NamedTuple):
    """The groups of an answer at one level."""

    tree: xr.DataTree
    level: float

    def group(self, name: str) -> xr.Dataset:
        """One of its groups."""
        return self.tree[name].to_dataset()

    def has(self, name: str) -> bool:
        """Whether it was asked for."""
        return name in self.tree.children

    def at(self, group: str, name: str, part: str, fund: str = SYSTEM, **where: object) -> float:
        """A number, in the unit of the dataset."""
        variable = self.group(group)[f"{name}_{part}"].sel({"fund": fund, **where})
        return float(variable.sel(level=self.level) if name in BY_LEVEL else variable)

    def pair(self, group: str, name: str, part: str, fund: str = SYSTEM, **where: object) -> tuple[float, float]:
        """A number and its standard error."""
        return self.at(group, name, part, fund, **where), self.at(group, name, f"{part}_se", fund, **where)

    def few(self, name: str) -> bool:
        """Whether a figure has no error as the scenario stands, as too few paths are beyond its level."""
        return name in BY_LEVEL and math.isinf(self.at("sensitivity", "es", "base_se"))

    @property
    def parameters(self) -> list[str]:
        """In the order of the answer."""
        return [str(name) for name in self.group("ranges")["parameter"].values]

    @property
    def ranged(self) -> list[str]:
        """Those in the tornado."""
        return [str(name) for name in self.group("tornado")["parameter"].values] if self.has("tornado") else []

    @property
    def points(self) -> int:
        """Points of the ranges that the total rests on."""
        return int(self.group("points").sizes["point"]) if self.has("points") else 0

    @property
    def funds(self) -> list[str]:
        """Without the system."""
        return [str(fund) for fund in self.group("sensitivity")["fund"].values if fund != SYSTEM]

    def text(self, name: str, key: str) -> str:
        """A text of the group `ranges`."""
        return str(self.group("ranges")[key].sel(parameter=name).item())

    def title(self, name: str) -> str:
        """What a parameter is called."""
        return self.text(name, "title")

    def heading(self, name: str) -> str:
        """What a figure is called."""
        return HEADINGS[name].format(level=percent(self.level))

    def unit(self, name: str, amounts: Iterable[float] | None = None) -> tuple[str, float]:
        """Unit and factor of a figure of the system."""
        if not name.endswith("_usd"):
            return "%", 100.0
        return money_unit(amounts or [self.at("sensitivity", name, "base")])

    def ends(self, name: str) -> tuple[str, str]:
        """The ends of a range that were simulated, as they are written; "-" where neither can start."""
        ranges = self.group("ranges").sel(parameter=name)
        base, found = float(ranges["base"]), []
        for end in OPEN_ENDED:
            asked, reached = float(ranges[end]), float(ranges[f"{end}_reached"])
            if math.isnan(reached):
                found.append("-")
                continue
            value = base * reached
            number = f"{reached:.3g} x" if math.isnan(base) else money(value) if value >= LARGE else f"{value:.3g}"
            found.append(number if reached == asked else f"{number} *")
        return found[0], found[1]

    def by_swing(self, name: str, fund: str = SYSTEM) -> list[str]:
        """Parameters with a range, what moves a figure most first; those that move it by nothing known come last."""
        swings = {one: self.at("tornado", name, "swing", fund, parameter=one) for one in self.ranged}
        return sorted(swings, key=lambda one: (math.isnan(swings[one]), -swings[one] if swings[one] else 0.0))

    def by_elasticity(self, name: str, fund: str = SYSTEM) -> list[str]:
        """Parameters, the largest elasticity of a figure first."""
        sizes = {p: abs(self.at("sensitivity", name, "elasticity", fund, parameter=p)) for p in self.parameters}
        return sorted(sizes, key=lambda one: (math.isnan(sizes[one]), -sizes[one]))


def study_of(tree: xr.DataTree) -> Study:
    """An answer, at the level that is next to 99 %."""
    levels = (float(x) for x in tree["sensitivity"].to_dataset()["level"].values)
    return Study(tree, min(levels, key=lambda level: abs(level - 0.99)))
