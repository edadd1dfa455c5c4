"""Sums over detailed paths as tables of the timeline: their names, dimensions and units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stress.compile.books import BILLION
from stress.engine.detail.by_name import by_name
from stress.engine.detail.exposure import KINDS
from stress.engine.detail.fund_flows import by_fund_and_asset
from stress.engine.tiles import TiledPaths
from stress.kernels.params import Params
from stress.kernels.structure import Structure
from stress.results.dataset.components import every_trigger
from stress.results.statistics.simulation_output import Table

Floats = npt.NDArray[np.float64]
FUND, ASSET = ("step", "fund"), ("step", "asset")
FLOW_BY_FUND = "forced_flow_by_fund_usd"
TOTALLED = (
    "called_usd",
    "forced_sales_usd",
    "sold_by_trigger",
    "purchases",
)  # also over the whole horizon, as `total_...`
BY_TRIGGER = {"sold_by_trigger": "forced_sales_by_trigger_usd", "built_by_trigger": "built_by_trigger_usd"}
OF_FUND = ("called_usd", "forced_sales_usd", "built_usd", "fund_loss", "fund_loss_static", "added_loss", "open_call")
OF_ASSET = ("price", "depth", "volatility", "forced_flow_usd")
PLAIN = dict.fromkeys(OF_FUND, FUND) | dict.fromkeys(OF_ASSET, ASSET)


@dataclass
class Sums:
    """Sums of values and of their squares over some paths, as the program gives them, in float64."""

    paths: int = 0
    apart: int = 0  # of them, those that are taken apart
    total: dict[str, Floats] = field(default_factory=dict)
    square: dict[str, Floats] = field(default_factory=dict)

    def add(self, tiled: TiledPaths, sums: dict[str, Any], squares: dict[str, Any], place: int | None = None) -> None:
        """Add a call, tile by tile in the order of the tiles; or the one tile at `place`."""
        for so_far, by_call in ((self.total, sums), (self.square, squares)):
            for name, by_tile in by_call.items():
                ordered = tiled.in_order(by_tile)
                for one in ordered if place is None else ordered[place : place + 1]:
                    so_far[name] = so_far.get(name, 0.0) + one.astype(np.float64)

    def plus(self, other: Sums) -> Sums:
        """Those of both."""
        return Sums(
            self.paths + other.paths,
            self.apart + other.apart,
            {name: self.total.get(name, 0.0) + values for name, values in other.total.items()},
            {name: self.square.get(name, 0.0) + values for name, values in other.square.items()},
        )


class Moments(NamedTuple):
    """Sums of a variable and of its squares over `paths` paths; entities in id order, the system last."""

    dims: tuple[str, ...]
    total: Floats
    square: Floats
    paths: int

    def times(self, unit: float | Floats) -> Moments:
        """In another unit."""
        return self._replace(total=self.total * unit, square=self.square * unit**2)

    def table(self) -> Table:
        """Mean and its standard error."""
        mean = self.total / self.paths
        variance = np.maximum(self.square / self.paths - mean**2, 0.0)
        return Table(self.dims, mean, np.sqrt(variance / max(self.paths - 1, 1)))


def moments(structure: Structure, params: Params, sums: Sums, nav: Floats) -> dict[str, Moments]:
    """Every variable of the timeline under its name there, amounts in USD.

    Args:
        structure: what is compiled.
        params: numbers.
        sums: over the paths.
        nav: (row,) USD, system last; turns fractions of NAV into USD.
    """
    found: dict[str, Moments] = {}

    def of(name: str, dims: tuple[str, ...], pick: Any = ...) -> Moments:
        return Moments(dims, sums.total[name][pick], sums.square[name][pick], sums.paths)

    for name, dims in PLAIN.items():
        if name in sums.total:
            unit = (nav if dims == FUND else BILLION) if name.endswith("_usd") else 1.0
            found[name] = of(name, dims).times(unit)
    for short, name in BY_TRIGGER.items():
        for prefix, first in (("", ["step"]), ("total_", [])):
            by = (*first, "trigger", "fund")
            if prefix + short in sums.total:
                one = of(prefix + short, by)
                total, square = (
                    np.asarray(by_name(x, structure.triggers, every_trigger(), by.index("trigger")), np.float64)
                    for x in (one.total, one.square)
                )
                found[prefix + name] = one._replace(total=total, square=square).times(nav)
    for name in ("total_called_usd", "total_forced_sales_usd"):
        found[name] = of(name, ("fund",)).times(nav)
    for number, flow in enumerate(structure.outside):
        found[f"{flow}_purchases_usd"] = of("purchases", ASSET, np.s_[:, number]).times(BILLION)
        found[f"total_{flow}_purchases_usd"] = of("total_purchases", ("asset",), number).times(BILLION)
        for name in (name for name in sums.total if name.startswith(f"{flow}_")):
            found[name] = of(name, ("step",)).times(BILLION if name.endswith("_usd") else 1.0)
    for number, name in enumerate(KINDS):
        if "exposure" in sums.total:
            found[name] = of("exposure", ("step", "fund", "asset"), number).times(BILLION)
    if sums.apart:
        found["loss_part"] = of("loss_part", ("step", "part", "fund"))._replace(paths=sums.apart)
    total, square = by_fund_and_asset(structure, params, sums.total["fund_flow"], sums.square["fund_flow"])
    found[FLOW_BY_FUND] = Moments(("step", "fund", "asset"), total, square, sums.paths).times(BILLION)
    return found
