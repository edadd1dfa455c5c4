"""The paths that two results both keep, and what each of them adds to the figures of the summary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset.paths import OF_SYSTEM
from stress.results.dataset.summary import BY_SHARE, SHARES
from stress.results.statistics import paired
from stress.results.statistics.paired import Influence
from stress.results.statistics.simulation_output import LARGE_LOSS, ROUNDING

Floats = npt.NDArray[np.float64]
GROUPS = ("paths", "shared")  # every path, or the first ones
SYSTEM = "system"
MEANS = {
    "mean_loss": "fund_loss",
    "called_nav_share": "called_nav_share",
    "defaulted_nav_share": "defaulted_nav_share",
    "expected_called_usd": "called_usd",
    "expected_forced_sales_usd": "forced_sales_usd",
}
EVENTS = {  # probability -> metric and what it has to be above
    "prob_loss_over_20pct": ("fund_loss", LARGE_LOSS),
    "prob_margin_call": ("first_call_step", 0.0),
    "prob_default": ("defaulted", 0.0),
    **{
        f"prob_{kind}_{over}": (f"{kind}_nav_share", share + ROUNDING)
        for kind in BY_SHARE
        for over, share in SHARES.items()
    },
}
COURSES = {"var": "fund_loss", "trough_var": "trough", "drawdown_var": "max_drawdown"}
STORED_OF_SYSTEM = {metric: name for name, metric in OF_SYSTEM.items()}
WEIGHTED = ("fund_loss_static", "called_nav_share", "defaulted_nav_share")  # of the system: means by NAV


class KeptPaths:
    """Metrics of the first paths of a result, and its summary."""

    def __init__(self, tree: xr.DataTree, paths: xr.Dataset) -> None:
        self._paths = paths.load()
        self._summary = tree["summary"].to_dataset()
        self.of_run = int(tree.attrs["paths"])

    def influence(self, name: str, fund: str, level: float | None) -> Influence | None:
        """Of each kept path on a figure of the summary; None of a VaR of level 0 and a ratio that there is not."""
        if name in MEANS:
            return paired.of_mean(self._metric(MEANS[name], fund))
        if name in EVENTS:
            metric, above = EVENTS[name]
            return paired.of_share(self._metric(metric, fund) > above)
        if level is None or (name in COURSES and level == 0):
            return None
        if name in COURSES:
            values, error = self._metric(COURSES[name], fund), self._figure(f"{name}_se", fund, level)
            return paired.of_quantile(values, level, self._figure(name, fund, level), error, self.of_run)
        quantile = f"{name.removesuffix('es')}var"
        if quantile in COURSES:
            return self._of_tail_mean(COURSES[quantile], quantile, fund, level)
        of_loss = self._of_tail_mean("fund_loss", "var", fund, level)
        of_static = self._of_tail_mean("fund_loss_static", "var_static", fund, level)
        if name == "added_loss":
            return paired.combined(of_loss, of_static, 1.0, -1.0)
        if name == "amplification":
            base, ratio = self._figure("es_static", fund, level), self._figure("amplification", fund, level)
            if np.isnan(ratio):
                return None
            return paired.combined(of_loss, of_static, 1 / base, -ratio / base)
        return None

    def _of_tail_mean(self, metric: str, quantile: str, fund: str, level: float) -> Influence:
        return paired.of_tail_mean(self._metric(metric, fund), level, self._figure(quantile, fund, level))

    def _figure(self, name: str, fund: str, level: float) -> float:
        if fund == SYSTEM:
            return float(self._summary[f"system_{name}"].sel(level=level))
        return float(self._summary[name].sel(fund=fund, level=level))

    def _metric(self, name: str, fund: str) -> Floats:
        """(path,) of a fund; of the system from those of all funds."""
        values = self._paths[name]
        if fund != SYSTEM:
            return np.asarray(values.sel(fund=fund).values, np.float64)
        if name in STORED_OF_SYSTEM:
            return np.asarray(self._paths[STORED_OF_SYSTEM[name]].values, np.float64)
        if name in WEIGHTED:
            nav = self._summary["nav_usd"]
            return np.asarray((values.astype(float) * nav).sum("fund") / nav.sum(), np.float64)
        return np.asarray(values.astype(float).sum("fund").values, np.float64)


class Errors:
    """Standard errors of the differences between two results.

    Attributes:
        same_seed: whether they have the same seed and generator, so that path j of one may have the draws of path j of
            the other.
        paired_paths: on how many paths they are paired; 0 where they are not.
    """

    def __init__(self, a: xr.DataTree, b: xr.DataTree) -> None:
        self.same_seed = all(a.attrs.get(name) == b.attrs.get(name) for name in ("seed", "rng"))
        kept = _kept_by_both(a, b) if self.same_seed else None
        self.paired_paths = 0 if kept is None else kept[2]
        self._sides = None if kept is None else kept[:2]
        self._paths = min(int(tree.attrs["paths"]) for tree in (a, b))

    def of(
        self, name: str, funds: Sequence[str], levels: Sequence[float] | None, error_a: Floats, error_b: Floats
    ) -> tuple[Floats, npt.NDArray[np.int8], Floats]:
        """Errors of a figure, whether each is an upper bound (0 or 1), and on how many paths it rests.

        Args:
            name: of the figure.
            funds: along the first axis.
            levels: along the second; None where the figure has none.
            error_a: (fund, level) or (fund,), those of one result.
            error_b: likewise, of the other.
        """
        tails = np.array([1.0]) if levels is None else 1 - np.array(levels)
        rests_on = np.broadcast_to(self._paths * tails, (len(funds), len(tails))).reshape(error_a.shape).copy()
        if not self.same_seed:
            return np.hypot(error_a, error_b), np.zeros(error_a.shape, np.int8), rests_on
        error = error_a + error_b
        bound = (np.isfinite(error) & (error > 0)).astype(np.int8)
        if self._sides is not None:
            for at in np.ndindex(error.shape):
                level = None if levels is None else levels[at[1]]
                one, other = (side.influence(name, funds[at[0]], level) for side in self._sides)
                if one is None or other is None:
                    continue
                paired_error = paired.error_of_difference(one, other, *(side.of_run for side in self._sides))
                if not np.isinf(paired_error):
                    share = 1.0 if level is None else 1 - level
                    error[at], bound[at], rests_on[at] = paired_error, 0, share * self.paired_paths
        return error, bound, rests_on


def _kept_by_both(a: xr.DataTree, b: xr.DataTree) -> tuple[KeptPaths, KeptPaths, int] | None:
    """The first paths of two results, as many as both keep, and their number; None where one keeps none."""
    tables = [tree[group].to_dataset() for tree in (a, b) for group in GROUPS if group in tree.children]
    if len(tables) < 2:
        return None
    count = min(table.sizes["path"] for table in tables)
    first, second = (table.isel(path=slice(0, count)) for table in tables)
    if count == 0 or not np.array_equal(first["path"].values, second["path"].values):
        return None
    return KeptPaths(a, first), KeptPaths(b, second), count


def draws_that_differ(a: xr.DataTree, b: xr.DataTree) -> list[str]:
    """What keeps two runs with one seed from drawing the same shocks: some of assets, steps, steps a day."""
    found = [] if _assets(a) == _assets(b) else ["assets"]
    names = {"steps": "steps", "steps_per_day": "steps a day"}
    return found + [text for name, text in names.items() if a.attrs.get(name) != b.attrs.get(name)]


def _assets(tree: xr.DataTree) -> list[str]:
    return sorted(map(str, tree["start"].to_dataset()["asset"].values)) if "start" in tree.children else []
