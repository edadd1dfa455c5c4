"""The tornado of a sensitivity analysis: a figure at both ends of every range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from stress.results.answers.sensitivity.shown import SHOWN, SYSTEM, Study, study_of
from stress.results.answers.world import BY_LEVEL
from stress.results.plot import style
from stress.results.plot.drawing import choice, labels
from stress.results.plot.drawing.bars import few_ticks, named_rows, whiskers
from stress.results.terminal.cells import money_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 14
NAMES = {
    "var": "VaR",
    "es": "ES",
    "trough_es": "ES of the trough",
    "called_nav_share": "NAV called",
    "prob_default": "probability of default",
    "expected_forced_sales_usd": "expected forced sales",
}


@style.in_style
def sensitivity(
    tree: xr.DataTree, fund: str = SYSTEM, figure: str = "es", level: float | None = None, ax: Axes | None = None
) -> Axes:
    """A tornado: a figure of `fund` at the low and the high end of each range, the widest on top.

    Whiskers are 95 % intervals of the difference to the scenario as it stands, path by path; the last rows are the
    total interval over ranges and sampling, and that of sampling alone. Default level: that next to 99 %.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: there is no such fund, figure or level, or the result has no ranges.
    """
    choice.group(tree, "tornado")
    if figure not in SHOWN:
        raise ValueError(f"no figure {figure!r}; there are {', '.join(SHOWN)}")
    study = study_of(tree)
    if level is not None:
        choice.at(study.group("tornado")["es_low"], "level", level)
        study = study._replace(level=level)
    choice.at(study.group("tornado")["called_nav_share_low"], "fund", fund)
    ordered = study.by_swing(figure, fund)
    kept, left = ordered[:MOST_ROWS], ordered[MOST_ROWS:]
    base = study.at("sensitivity", figure, "base", fund)
    changes = {
        end: np.array([study.pair("tornado", figure, f"{end}_change", fund, parameter=one) for one in kept])
        for end in ("low", "high")
    }
    ends = [base, *(base + x for table in changes.values() for x in table[:, 0])]
    unit, factor = money_unit(ends) if figure.endswith("_usd") else ("%", 100.0)
    intervals = _intervals(study, figure, fund)
    ax = style.new_axes(ax, height=style.rows_height(len(kept) + len(intervals), 1.9))
    every = named_rows(ax, [*(labels.literal(study.title(one)) for one in kept), *intervals])
    places = every[: len(kept)]
    for place, (low, high) in zip(every[len(kept) :], intervals.values(), strict=True):
        ax.plot([factor * low, factor * high], [place, place], color=style.BLACK, linewidth=4, solid_capstyle="butt")
    looks = {"low": (style.GAIN, "////", -0.2), "high": (style.LOSS, "", 0.2)}
    for end, (colour, hatch, shift) in looks.items():
        values, errors = (factor * changes[end][:, i] for i in (0, 1))
        known = np.isfinite(values)
        where = places + shift
        ax.barh(
            where[known],
            values[known],
            0.36,
            left=factor * base,
            color=colour,
            hatch=hatch,
            edgecolor=style.DARK,
            label=f"{end} end of the range",
        )
        reached = factor * base + values
        whiskers(ax, where, reached, reached - style.Z95 * errors, reached + style.Z95 * errors)
    ax.axvline(factor * base, color=style.BLACK, linewidth=1)
    few_ticks(ax)
    at = f" {labels.level_name(study.level)}" if figure in BY_LEVEL else ""
    style.title(ax, f"{labels.name(fund)}: what moves the {NAMES[figure]}{at}")
    share = "" if figure.endswith("_usd") or figure == "prob_default" else " of start NAV"
    ax.set_xlabel(f"{unit}{share}")
    for place, one in zip(places, kept, strict=True):
        first, last = study.ends(one)
        ax.annotate(
            labels.literal(f"{first} to {last}"),
            (1.0, place),
            (3, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
            annotation_clip=False,
        )
    told = "Last rows: 95 % intervals." if intervals else ""
    cut = "*: as far as the scenario can start." if any("*" in e for one in kept for e in study.ends(one)) else ""
    style.caption(
        ax,
        "Light, hatched: low end of the range; dark: high end; beside the rows: the ends.",
        told,
        cut,
        style.left_out(left, "parameters"),
    )
    return ax


def _intervals(study: Study, figure: str, fund: str) -> dict[str, tuple[float, float]]:
    """95 % intervals by name, as far as they are known."""
    ends = {"sampling alone": ("sensitivity", "base_ci_low", "base_ci_high")}
    if study.has("total"):
        ends = {"all, and sampling": ("total", "total_low", "total_high"), **ends}
    found = {
        name: (study.at(group, figure, low, fund), study.at(group, figure, high, fund))
        for name, (group, low, high) in ends.items()
    }
    return {name: pair for name, pair in found.items() if np.isfinite(pair).all()}
