"""Two results side by side as the table people read and the JSON programs read."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr

from stress.results.dataset.compared import BY_FUND, BY_LEVEL, SYSTEM, only_in
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    error_text,
    fixed,
    money_unit,
    named,
    percent,
    plain_table,
)

if TYPE_CHECKING:
    from rich.table import Table

NOTABLE = 2.0  # standard errors
SIGNIFICANT = 0.05  # adjusted p-value


class Measure(NamedTuple):
    """How a figure is shown: its heading with the unit, the factor to that unit, the most decimals.

    An amount has the unit of the larger of A and B.
    """

    heading: str
    scale: float
    decimals: int


SHOWN = {
    "var": Measure("VaR {level}, %", 100, 2),
    "es": Measure("ES {level}, %", 100, 2),
    "trough_es": Measure("trough ES {level}, %", 100, 2),
    "amplification": Measure("amplification {level}", 1, 3),
    "added_loss": Measure("added loss {level}, %", 100, 2),
    "mean_loss": Measure("mean loss, %", 100, 3),
    "called_nav_share": Measure("NAV called, %", 100, 2),
    "prob_called_over_10pct": Measure("P of over 10 % called, %", 100, 2),
    "prob_called_over_50pct": Measure("P of over 50 % called, %", 100, 2),
    "defaulted_nav_share": Measure("NAV in default, %", 100, 2),
    "expected_forced_sales_usd": Measure("forced sales, {unit}", 1, 3),
}


def compared_table(numbers: xr.Dataset, levels: Sequence[float]) -> Table:
    """One row for each fund, figure and level of `levels`: A, B, B less A, its standard error, and the two divided.

    A star behind the last stands for a difference that is significant among all that were compared.
    """
    table = plain_table("Numbers")
    add_label_column(table, "fund")
    add_label_column(table, "figure", 30)
    add_number_columns(table, "A", "B", "B - A", "±", "z")
    table.add_column("", no_wrap=True)
    for fund in numbers["fund"].values:
        name = named("whole system" if fund == SYSTEM else str(fund))
        rows = [
            _cells(numbers.sel(fund=fund) if at is None else numbers.sel(fund=fund, level=at), measure, at)
            for measure in SHOWN
            for at in (levels if measure in BY_LEVEL else (None,))
        ]
        for i, row in enumerate(rows):
            table.add_row(name if i == 0 else "", *row, end_section=i == len(rows) - 1)
    return table


def _cells(at: xr.Dataset, name: str, level: float | None) -> list[Any]:
    from rich.text import Text

    measure, unit = SHOWN[name], ""
    if "{unit}" in measure.heading:
        unit, scale = money_unit(float(at[f"{name}_{part}"]) for part in ("a", "b"))
        measure = measure._replace(scale=scale)
    a, b, difference, error = (
        float(at[f"{name}_{part}"]) * measure.scale for part in ("a", "b", "difference", "difference_se")
    )
    significant = float(at[f"{name}_p"]) < SIGNIFICANT
    places = decimals(difference, error, measure.decimals)
    texts = [fixed(value, places) for value in (a, b, difference)]
    bound = "≤" if int(at[f"{name}_bound"]) and error > 0 else ""
    texts += [
        bound + error_text(error, places).removeprefix("±"),
        fixed(float(at[f"{name}_z"]), 1),
        "*" if significant else "",
    ]
    heading = measure.heading.format(level="" if level is None else percent(level), unit=unit)
    return [heading, *(Text(text, "bold" if significant else "") for text in texts)]


def compared_notes(numbers: xr.Dataset, levels: Sequence[float]) -> list[str]:
    """What a reader of the numbers must know: how to read the error, what only one of the runs has, what stands out."""
    lines = ["±: standard error of B - A; z: the two divided. Losses are % of start NAV, positive = loss."]
    lines.append(_of_draws(numbers))
    if _shown_values(numbers, "bound", levels).any():
        lines.append("≤: an upper bound, both errors together, where paths cannot be paired or too few have a say.")
    for side in ("a", "b"):
        for kind, shown in (("funds", str), ("levels", percent)):
            only = only_in(numbers, kind, side)
            if only:
                lines.append(f"{kind.capitalize()} in {side.upper()} only: {', '.join(map(shown, only))}.")
    scores, errors = (_shown_values(numbers, part, levels) for part in ("z", "difference_se"))
    if np.isinf(errors).any():
        lines.append("?: too few paths for an error.")
    known = scores[~np.isnan(scores)]
    beyond = int((np.abs(known) > NOTABLE).sum())
    lines.append(
        f"{beyond} of {known.size} differences with an error are more than {NOTABLE:g} of them away from zero; "
        f"of runs that do not differ, about 1 in 22 would be."
    )
    starred = int((_shown_values(numbers, "p", levels) < SIGNIFICANT).sum())
    lines.append(
        f"*: {starred} significant at {percent(SIGNIFICANT)} for all {numbers.attrs['differences']} differences of the "
        "two summaries together (Holm), shown or not."
    )
    return lines


def _of_draws(numbers: xr.Dataset) -> str:
    """What the two runs have in common, and so what their errors are made of."""
    if not numbers.attrs["same_seed"]:
        return "The runs do not share their draws: they are independent."
    apart, paired = json.loads(numbers.attrs["draws_differ_by"]), int(numbers.attrs["paired_paths"])
    text = "Both runs have the same seed and share their paths"
    if apart:
        text = f"Both runs have the same seed but other {' and '.join(apart)}: their paths are not shared"
    if not paired:
        return f"{text}; a result keeps no paths to pair."
    return f"{text}: ± comes from the differences path by path, of the first {paired:,}."


def _shown_values(numbers: xr.Dataset, part: str, levels: Sequence[float]) -> npt.NDArray[np.float64]:
    """Every value of one column of the table."""
    columns = [
        numbers[f"{name}_{part}"].sel({"level": list(levels)} if name in BY_LEVEL else {}).values.ravel()
        for name in SHOWN
    ]
    return np.concatenate(columns)


def compared_json(numbers: xr.Dataset, levels: Sequence[float]) -> dict[str, Any]:
    """The numbers by fund, figure and level (of `levels`; 0 = the mean); what is not a finite number is None."""

    def entry(fund: str) -> dict[str, Any]:
        row = numbers.sel(fund=fund)
        figures: dict[str, Any] = {
            name: {f"{x:g}": _parts(row.sel(level=x), name) for x in levels} for name in BY_LEVEL
        }
        return figures | {name: _parts(row, name) for name in BY_FUND}

    funds = [str(fund) for fund in numbers["fund"].values if fund != SYSTEM]
    return {
        "same_seed": bool(numbers.attrs["same_seed"]),
        "paired_paths": int(numbers.attrs["paired_paths"]),
        "draws_differ_by": json.loads(numbers.attrs["draws_differ_by"]),
        **{f"{kind}_only_in_{side}": only_in(numbers, kind, side) for kind in ("funds", "levels") for side in "ab"},
        "levels": list(levels),
        "funds": {fund: entry(fund) for fund in funds},
        "system": entry(SYSTEM),
    }


def _parts(row: xr.Dataset, name: str) -> dict[str, float | bool | None]:
    parts = {part: float(row[f"{name}_{part}"]) for part in ("a", "b", "difference", "difference_se", "z", "p")}
    finite = {part: value if math.isfinite(value) else None for part, value in parts.items()}
    return finite | {"bound": bool(row[f"{name}_bound"])}
