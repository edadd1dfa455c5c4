"""What a table of the result tells, in the reference's order; what it lacks is NaN, which passes no check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.questions.validate.check import largest
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]


class Told:
    """The variables of one group of the result.

    Args:
        problem: the scenario; funds and assets come in its order, the system last.
        tree: the result.
        group: its name.
    """

    def __init__(self, problem: Problem, tree: xr.DataTree, group: str) -> None:
        self.table = tree[group].to_dataset() if group in tree.children else xr.Dataset()
        self.types, self.brokers = [*problem.funds.types], [*problem.funds.brokers]
        self.order = {"fund": [*self.types, "system"], "asset": [*problem.assets.ids], "prime_broker": self.brokers}

    def rows(self, name: str, level: str | None = None) -> Floats:
        """(row,) a figure of the summary of each fund type and, last, of the system."""
        at: dict[str, Any] = {} if level is None else {"level": float(level)}
        found = np.full(len(self.types) + 1, np.nan)
        if name in self.table:
            found[:-1] = self.table[name].sel({"fund": self.types} | at)
        if f"system_{name}" in self.table:
            found[-1] = float(self.table[f"system_{name}"].sel(at))
        return found

    def by_broker(self, name: str, level: str | None = None) -> Floats:
        """(broker,) a figure of each prime broker."""
        if name not in self.table:
            return np.full(len(self.brokers), np.nan)
        at: dict[str, Any] = {} if level is None else {"level": float(level)}
        return np.asarray(self.table[name].sel({"prime_broker": self.brokers} | at), np.float64)

    def array(
        self,
        name: str,
        dims: tuple[str, ...],
        at: Mapping[str, str | float] | None = None,
        labels: Mapping[str, list[str]] | None = None,
    ) -> Floats | None:
        """A variable with its axes as in `dims`; None where there is none, or where a label is absent.

        Args:
            name: of the variable.
            dims: wanted axes; funds, assets and brokers in the reference's order.
            at: labels along axes that are not wanted.
            labels: the order of further axes; labels that the variable lacks are zero.
        """
        if name not in self.table:
            return None
        found = self.table[name]
        if any(value not in found[dim].values for dim, value in (at or {}).items()):
            return None
        found = found.sel(at or {})
        for dim, wanted in self.order.items():
            if dim in found.dims:
                there = {*found[dim].values.tolist()}
                if not {*wanted} - {"system"} <= there:
                    return None
                found = found.sel({dim: [label for label in wanted if label in there]})
        for dim, wanted in (labels or {}).items():
            found = found.reindex({dim: wanted}, fill_value=0.0)
        return np.asarray(found.transpose(*dims), np.float64)


def relative_gap(ours: Floats, theirs: Floats) -> float:
    """Largest gap over max(1, |theirs|)."""
    return largest(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs)))
