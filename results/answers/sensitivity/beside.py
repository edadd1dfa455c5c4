"""The figures of a run with two intervals each: by its own sampling, and with the ranges of a sensitivity analysis.

The analysis says how much a figure moves with the parameters, F_i - F at the points of its ranges on its own draws; the
run says what the figure is, R with its sampling interval. The total interval of the run is that of `total` with
R + F_i - F in the place of F_i, and the run's sampling error in the place of that of the points. What cannot be
negative is not, and a share is no more than 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from stress.results.answers.protocol import QUESTION
from stress.results.answers.sensitivity.shown import SHOWN, SYSTEM, Study, study_of
from stress.results.answers.sensitivity.total import ANY, POSSIBLE, total
from stress.results.answers.world import BY_LEVEL
from stress.results.statistics.few_paths import Z95
from stress.scenarios.errors import ScenarioError


class Beside(NamedTuple):
    """One figure, in the unit of the dataset; NaN where an interval is not known."""

    name: str
    fund: str
    value: float
    error: float
    sampling: tuple[float, float]
    total: tuple[float, float]


def check_fits(run: xr.DataTree, answer: xr.DataTree, file: str) -> None:
    """Whether an answer has ranges of the scenario of a run.

    Raises:
        ScenarioError: it is no sensitivity analysis, is of another scenario, or has no points.
    """
    if answer.attrs.get(QUESTION) != "sensitivity":
        problem, allowed = "holds no sensitivity analysis", "the directory of `levstress sensitivity`"
    elif answer.attrs["spec_sha256"] != run.attrs["spec_sha256"]:
        problem, allowed = "is of another scenario than the run", f"an analysis of {run.attrs['name']} as it was run"
    elif "points" not in answer.children:
        problem, allowed = "has no points of the ranges", "an analysis with --points above 0"
    else:
        return
    raise ScenarioError(problem, file=file, key="--ranges", value=str(answer.attrs.get("name", "")), allowed=allowed)


def beside(run: xr.DataTree, answer: xr.DataTree) -> list[Beside]:
    """The figures of the whole system, then ES of each fund, at the level of the analysis that is next to 99 %."""
    study = study_of(answer)
    summary, points = run["summary"].to_dataset(), study.group("points")
    wanted = [(name, SYSTEM) for name in SHOWN] + [("es", fund) for fund in study.funds]
    return [_one(summary, points, study, name, fund) for name, fund in wanted]


def _one(summary: xr.Dataset, points: xr.Dataset, study: Study, name: str, fund: str) -> Beside:
    def own(suffix: str) -> float:
        table = summary[f"system_{name}{suffix}"] if fund == SYSTEM else summary[f"{name}{suffix}"].sel(fund=fund)
        return float(table.sel(level=study.level) if name in BY_LEVEL else table)

    value, error = own(""), own("_se")
    if f"{name}_ci_low" in summary:
        low, high = own("_ci_low"), own("_ci_high")
    else:
        low, high = value - Z95 * error, value + Z95 * error
    moved = points[f"{name}_point"].sel(fund=fund)
    moved = moved.sel(level=study.level) if name in BY_LEVEL else moved
    values = value + moved.values - study.at("sensitivity", name, "base", fund)
    possible = POSSIBLE.get(name, ANY)
    values = np.clip(values, *possible)
    found = total(values, np.full_like(values, error), values - (value - low), values + (high - value), possible)
    return Beside(name, fund, value, error, (low, high), (found.low, found.high))
