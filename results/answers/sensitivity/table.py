"""A sensitivity analysis in a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stress.results.answers.horizon import over_horizon
from stress.results.answers.sensitivity.notes import most, notes
from stress.results.answers.sensitivity.shown import SHOWN, UNTOLD, Study, study_of
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    error_text,
    estimate,
    fixed,
    named,
    percent,
    plain_table,
    printable,
)

if TYPE_CHECKING:
    import xarray as xr
    from rich.table import Table

LABEL = 21
OF_TORNADO = ("es", "called_nav_share")
BY_FUND = 4  # parameters of the table by fund


def shown(tree: xr.DataTree) -> list[Any]:
    """The tables and what a reader of them must know."""
    from rich.text import Text

    study = study_of(tree)
    tables = [_elasticities(study)]
    if study.has("tornado"):
        tables += [_tornado(study), _most(study)]
    if study.has("total"):
        tables.append(_total(study))
    tables += [_effects(study)] if study.has("morris") else []
    tables += [_indices(study)] if study.has("sobol") else []
    tables.append(_by_fund(study))
    return [*tables, *(Text(note) for note in notes(study))]


def _called(study: Study, parameter: str) -> str:
    """The title of a parameter; a long key without its table, and without its middle."""
    title = printable(study.title(parameter))
    title = title.partition(".")[2] if len(title) > LABEL and title.count(".") > 1 else title
    return title if len(title) <= LABEL else f"{title[: LABEL - 11]}…{title[-10:]}"


def _heading(study: Study, name: str) -> str:
    first, _, rest = study.heading(name).partition(" ")
    return f"{first}\n{rest}"


def _elasticities(study: Study) -> Table:
    table = plain_table(f"Whole system, {over_horizon(study.tree)}: change in % for 1 % more of each (elasticity)")
    add_label_column(table, "", LABEL)
    add_number_columns(table, *(_heading(study, name) for name in SHOWN))
    for parameter in study.by_elasticity("es"):
        cells = [
            estimate(*study.pair("sensitivity", name, "elasticity", parameter=parameter), few=study.few(name))
            for name in SHOWN
        ]
        table.add_row(_called(study, parameter), *cells)
    return table


def _tornado(study: Study) -> Table:
    es, called = (study.heading(name) for name in OF_TORNADO)
    table = plain_table(f"Whole system over the ranges: {es} and {called}, change in points at either end")
    add_label_column(table, "", LABEL)
    add_number_columns(table, "\nfrom", "\nto")
    for heading in (es, called):
        add_number_columns(table, f"{heading}\nlow", "\nhigh")
    for parameter in study.by_swing("es"):
        cells: list[Any] = list(study.ends(parameter))
        for name in OF_TORNADO:
            for end in ("low", "high"):
                value, error = study.pair("tornado", name, f"{end}_change", parameter=parameter)
                cells.append(estimate(100 * value, 100 * error, few=study.few(name)))
        table.add_row(_called(study, parameter), *cells)
    return table


def _most(study: Study) -> Table:
    table = plain_table("What moves each figure most over its range")
    add_label_column(table, "", LABEL)
    for heading in ("1st", "2nd", "3rd"):
        table.add_column(heading, max_width=18)
    for name, ordered in most(study):
        unit, factor = study.unit(name)
        cells = []
        for parameter in ordered:
            ends = [factor * study.at("tornado", name, end, parameter=parameter) for end in ("low", "high")]
            places = decimals(max((x for x in ends if math.isfinite(x)), default=0.0), math.nan, 2)
            reach = " to ".join(fixed(x, places) for x in ends)
            cells.append(f"{_called(study, parameter)}\n{reach}")
        table.add_row(f"{study.heading(name)}\n{unit}", *(cells or ["nothing"]))
    return table


def _total(study: Study) -> Table:
    from rich.text import Text

    table = plain_table(f"Whole system, {over_horizon(study.tree)}: 95 % intervals, by sampling and with the ranges")
    add_label_column(table, "", LABEL)
    add_number_columns(table, "unit", "as it\nstands", "sampling", "total", "sd of the\nranges")
    for name in SHOWN:
        base = study.pair("sensitivity", name, "base")
        ends = [study.pair("total", name, f"total_{end}") for end in ("low", "high")]
        unit, factor = study.unit(name, [base[0], *(end for end, _ in ends)])
        sampling = [study.at("sensitivity", name, f"base_ci_{end}") for end in ("low", "high")]
        places = decimals(factor * base[0], factor * base[1], 2)
        total = Text.assemble(
            " to ".join(fixed(factor * end, places) for end, _ in ends),
            "\n",
            (", ".join(error_text(factor * error, places) for _, error in ends), "dim"),
        )
        table.add_row(
            study.heading(name),
            unit,
            estimate(factor * base[0], factor * base[1]),
            UNTOLD if any(map(math.isinf, sampling)) else " to ".join(fixed(factor * x, places) for x in sampling),
            "-" if math.isnan(ends[0][0]) else total,
            fixed(factor * study.at("total", name, "parameter_sd"), places),
        )
    return table


def _effects(study: Study) -> Table:
    table = plain_table("Morris: mean size of the effect of the whole range (mu*), and its spread (sigma)")
    add_label_column(table, "", LABEL)
    for name in OF_TORNADO:
        add_number_columns(table, f"{study.heading(name)}\nmu*", "\nsigma", "\neffects")
    sizes = {one: study.at("morris", "es", "mu_star", parameter=one) for one in study.ranged}
    for parameter in sorted(sizes, key=lambda one: (math.isnan(sizes[one]), -sizes[one])):
        cells: list[Any] = []
        for name in OF_TORNADO:
            value, error = study.pair("morris", name, "mu_star", parameter=parameter)
            sigma = 100 * study.at("morris", name, "sigma", parameter=parameter)
            cells += [estimate(100 * value, 100 * error), fixed(sigma, decimals(sigma, math.nan, 2))]
            cells.append(fixed(study.at("morris", name, "effects", parameter=parameter), 0))
        table.add_row(_called(study, parameter), *cells)
    return table


def _indices(study: Study) -> Table:
    table = plain_table("Sobol: share of the variance over the ranges, alone (first) and with interactions (total)")
    add_label_column(table, "", LABEL)
    for name in OF_TORNADO:
        add_number_columns(table, f"{study.heading(name)}\nfirst", "\ntotal")
    sizes = {one: study.at("sobol", "es", "whole", parameter=one) for one in study.ranged}
    for parameter in sorted(sizes, key=lambda one: (math.isnan(sizes[one]), -sizes[one])):
        pairs = [
            study.pair("sobol", name, part, parameter=parameter) for name in OF_TORNADO for part in ("first", "whole")
        ]
        table.add_row(_called(study, parameter), *(estimate(*pair) for pair in pairs))
    return table


def _by_fund(study: Study) -> Table:
    table = plain_table(f"By fund: elasticity of ES {percent(study.level)}, the largest of the system's")
    add_label_column(table, "fund", LABEL)
    chosen = study.by_elasticity("es")[:BY_FUND]
    add_number_columns(table, *(_called(study, one).replace(" ", "\n", 1) for one in chosen))
    for fund in study.funds:
        pairs = [study.pair("sensitivity", "es", "elasticity", fund, parameter=one) for one in chosen]
        cells = [estimate(*pair, few=study.few("es")) for pair in pairs]
        table.add_row(named(fund), *cells)
    return table
