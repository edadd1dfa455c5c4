"""Everything of a set of paths that adds up: exact sums, histograms and counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from stress.results.statistics.exact_sum import ExactSum
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import COURSE, DISTRIBUTED, NAV_SHARES, PATH_METRICS

State = dict[str, npt.NDArray[Any]]
BY_ROW = ("loss_over_20pct", "margin_call", "default")
BY_SHARE = ("called_over", "defaulted_over")
SCALARS = ("paths_at_round_limit", "draws_clipped", "prices_floored")


class Totals:
    """Sums over some paths; those of other paths can be added in any order."""

    def __init__(self, rows: int, brokers: int) -> None:
        self.rows = rows
        metrics = len(PATH_METRICS)
        self.sums = {
            "sums": ExactSum((metrics, rows)),
            "squares": ExactSum((metrics, rows)),
            "cross": ExactSum((rows,)),
            "broker_sums": ExactSum((brokers,)),
            "broker_squares": ExactSum((brokers,)),
            "flows": ExactSum((2,)),
        }
        self.histogram = FloatHistogram.empty((len(DISTRIBUTED) * rows + brokers,))
        self.counts = {name: np.zeros(rows, np.int64) for name in BY_ROW}
        self.counts |= {name: np.zeros((len(NAV_SHARES), rows), np.int64) for name in BY_SHARE}
        self.counts["broker_loss"] = np.zeros(brokers, np.int64)
        self.scalars = dict.fromkeys(SCALARS, 0)
        self._zero = int(self.histogram.bin_index(np.zeros(1))[0])

    def add_quiet(self, sums: Any, histogram: npt.NDArray[np.integer]) -> None:
        """Add a call of the quiet program: its `QuietSums` on the host and its histogram, (distribution, bin)."""
        for metric, name in enumerate(DISTRIBUTED):
            part = COURSE.index(name.removesuffix("_static"))
            self.sums["sums"].add(sums.sums[:, part], (metric,))
            self.sums["squares"].add(sums.squares[:, part], (metric,))
        self.sums["cross"].add(sums.squares[:, COURSE.index("fund_loss")])
        self.counts["loss_over_20pct"] += sums.large_losses.sum(axis=0, dtype=np.int64)
        self.scalars["draws_clipped"] += int(sums.draws_clipped.sum(dtype=np.int64))
        by_metric = dict(zip(COURSE, np.split(histogram, len(COURSE)), strict=True))
        every = np.split(self.histogram.counts, range(self.rows, (len(DISTRIBUTED) + 1) * self.rows, self.rows))
        for name, counts in zip(DISTRIBUTED, every[:-1], strict=True):
            counts += by_metric[name.removesuffix("_static")]
        every[-1][:, self._zero] += int(histogram[0].sum(dtype=np.int64))

    def add_sales(self, sums: Any, histogram: npt.NDArray[np.integer]) -> None:
        """Add a call of the program with sales: its `SalesSums` on the host and its histogram, (distribution, bin)."""
        for name, total in self.sums.items():
            total.add(getattr(sums, name))
        for name, count in (
            ("loss_over_20pct", sums.large_losses),
            ("margin_call", sums.called),
            ("default", sums.defaulted),
            ("called_over", sums.called_over),
            ("defaulted_over", sums.defaulted_over),
            ("broker_loss", sums.broker_losses),
        ):
            self.counts[name] += count.sum(axis=0, dtype=np.int64)
        for name, number in (
            ("paths_at_round_limit", sums.at_round_limit),
            ("draws_clipped", sums.draws_clipped),
            ("prices_floored", sums.prices_floored),
        ):
            self.scalars[name] += int(number.sum(dtype=np.int64))
        self.histogram.counts += histogram

    def by_metric(self, name: str) -> dict[str, npt.NDArray[np.float64]]:
        """`sums` or `squares` of each path metric, (row,)."""
        return dict(zip(PATH_METRICS, self.sums[name].value(), strict=True))

    def state(self) -> State:
        """All of it as arrays, the histogram by its bins that are not empty."""
        flat = self.histogram.counts.reshape(-1)
        used = np.flatnonzero(flat)
        return {
            **{f"sum_{name}": total.state() for name, total in self.sums.items()},
            **{f"count_{name}": count.copy() for name, count in self.counts.items()},
            "scalars": np.array([self.scalars[name] for name in SCALARS], np.int64),
            "bins_used": used.astype(np.uint32),
            "bins_count": flat[used],
        }

    def add_state(self, state: State) -> None:
        """Add what `state` of other paths returned."""
        for name, total in self.sums.items():
            total.add_state(state[f"sum_{name}"])
        for name, count in self.counts.items():
            count += state[f"count_{name}"]
        for name, number in zip(SCALARS, state["scalars"], strict=True):
            self.scalars[name] += int(number)
        self.histogram.counts.reshape(-1)[state["bins_used"]] += state["bins_count"]
