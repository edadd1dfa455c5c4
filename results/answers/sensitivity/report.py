"""The parts of a report that show a sensitivity analysis."""

from __future__ import annotations

import math
from functools import partial

import xarray as xr

from stress.results.answers.sensitivity.figure import NAMES, sensitivity
from stress.results.answers.sensitivity.notes import notes
from stress.results.answers.sensitivity.shown import SHOWN, SYSTEM, Study, study_of
from stress.results.answers.world import BY_LEVEL
from stress.results.report import plotly_twins
from stress.results.report.drawing import drawn
from stress.results.report.elements import Block, Cell, Folded, Gallery, Picture, Row, Section, Table, Text
from stress.results.report.numbers import called, cell, shown
from stress.results.terminal.cells import decimals, error_text, fixed, percent

DRAWN = ("es", "called_nav_share", "expected_forced_sales_usd")
GRADES = {"F": "found in a source", "C": "computed from data", "R": "judgement", "own": "given in the scenario"}


def sections(tree: xr.DataTree) -> list[Section]:
    """Tornado, total intervals, elasticities, screening, and where the ranges come from."""
    study = study_of(tree)
    found = []
    if study.has("tornado"):
        pictures = tuple(_picture(tree, study, SYSTEM, name) for name in DRAWN)
        funds = tuple(_picture(tree, study, fund, "es") for fund in study.funds)
        blocks: list[Block] = [
            Text("Each number, or group of numbers, is set to the ends of its range, always on the same draws."),
            Gallery(pictures),
            *([_total(study)] if study.has("total") else []),
            Folded(f"ES {percent(study.level)} of each fund", (Gallery(funds),)),
        ]
        found.append(Section("tornado", "How far off the figures could be", blocks))
    blocks = [_elasticities(study, SYSTEM)]
    blocks.append(Folded("Elasticities of each fund", tuple(_elasticities(study, fund) for fund in study.funds)))
    blocks += [_effects(study)] if study.has("morris") else []
    blocks += [_indices(study)] if study.has("sobol") else []
    blocks += [_ranges(study)] if study.has("tornado") else []
    blocks += [Text(note, quiet=True) for note in notes(study)]
    found.append(Section("sensitivity", "What the figures depend on", blocks))
    return found


def _picture(tree: xr.DataTree, study: Study, fund: str, name: str) -> Picture:
    ordered = study.by_swing(name, fund)
    base = study.at("sensitivity", name, "base", fund)
    ends = {one: [study.pair("tornado", name, end, fund, parameter=one) for end in ("low", "high")] for one in ordered}
    unit, factor = study.unit(name, [base, *(pair[0] for pairs in ends.values() for pair in pairs)])
    at = f" {percent(study.level)}" if name in BY_LEVEL else ""
    title = f"{called(fund)[:1].upper()}{called(fund)[1:]}: {NAMES[name]}{at}"
    table = Table(
        title,
        ("", "low end", "high end", f"at low, {unit}", f"at high, {unit}"),
        tuple(
            Row(
                study.title(one),
                (*(Cell(end) for end in study.ends(one)), *(cell(*pair, factor) for pair in ends[one])),
            )
            for one in ordered
        ),
    )
    told = ", ".join(
        f"{study.title(one)} {' to '.join(shown(pair[0], factor) for pair in ends[one])} {unit}" for one in ordered
    )
    swings = [factor * study.at("tornado", name, "swing", fund, parameter=one) for one in ordered]
    live = plotly_twins.bars([study.title(one) for one in ordered], swings, [0.0] * len(swings), f"swing, {unit}")
    key = f"tornado-{name.replace('_', '-')}-{study.funds.index(fund) if fund != SYSTEM else 'system'}"
    svg = drawn(
        key, title, f"as it stands {shown(base, factor)} {unit}; {told}.", partial(sensitivity, tree, fund, name)
    )
    return Picture(key, title, svg, table, live)


def _total(study: Study) -> Table:
    rows = []
    for name in SHOWN:
        base, error = (study.at("sensitivity", name, part) for part in ("base", "base_se"))
        ends = [study.at("total", name, f"total_{end}") for end in ("low", "high")]
        unit, factor = study.unit(name, [base, *ends])
        places = decimals(factor * base, factor * error, 2)
        sampling = [study.at("sensitivity", name, f"base_ci_{end}") for end in ("low", "high")]
        spans = [
            "-" if not all(map(math.isfinite, pair)) else " to ".join(fixed(factor * x, places) for x in pair)
            for pair in (sampling, ends)
        ]
        doubt = [error_text(factor * study.at("total", name, f"total_{end}_se"), places) for end in ("low", "high")]
        sd = cell(study.at("total", name, "parameter_sd"), math.nan, factor)
        rows.append(
            Row(
                f"{study.heading(name)}, {unit}",
                (cell(base, error, factor), Cell(spans[0]), Cell(spans[1], ", ".join(doubt)), sd),
            )
        )
    headings = ("Figure", "as it stands", "95 %, sampling", "95 %, ranges and sampling", "sd of the ranges")
    return Table("The whole system: intervals without and with the ranges", headings, tuple(rows), tight=True)


def _elasticities(study: Study, fund: str) -> Table:
    rows = [
        Row(
            study.title(one),
            tuple(cell(*study.pair("sensitivity", name, "elasticity", fund, parameter=one)) for name in SHOWN),
        )
        for one in study.by_elasticity("es", fund)
    ]
    caption = f"{called(fund)[:1].upper()}{called(fund)[1:]}: change in % for 1 % more (elasticity)"
    return Table(caption, ("", *(study.heading(name) for name in SHOWN)), tuple(rows), tight=True)


def _effects(study: Study) -> Table:
    rows = []
    for one in study.ranged:
        cells: list[Cell] = []
        for name in DRAWN[:2]:
            cells.append(cell(*study.pair("morris", name, "mu_star", parameter=one), 100.0))
            cells.append(cell(study.at("morris", name, "sigma", parameter=one), math.nan, 100.0))
        rows.append(Row(study.title(one), tuple(cells)))
    headings = [f"{study.heading(name)}, {part}" for name in DRAWN[:2] for part in ("mu*", "sigma")]
    return Table("Morris screening: effect of the whole range, points", ("", *headings), tuple(rows), tight=True)


def _indices(study: Study) -> Table:
    rows = [
        Row(
            study.title(one),
            tuple(
                cell(*study.pair("sobol", name, part, parameter=one))
                for name in DRAWN[:2]
                for part in ("first", "whole")
            ),
        )
        for one in study.ranged
    ]
    headings = [f"{study.heading(name)}, {part}" for name in DRAWN[:2] for part in ("first", "total")]
    return Table("Sobol indices: share of the variance over the ranges", ("", *headings), tuple(rows), tight=True)


def _ranges(study: Study) -> Folded:
    rows = []
    for one in study.ranged:
        grade = study.text(one, "grade")
        told = (*study.ends(one), study.text(one, "law"), GRADES.get(grade, grade))
        rows.append(Row(study.title(one), tuple(Cell(x) for x in told), note=study.text(one, "source")))
    table = Table("Ranges and their sources", ("", "from", "to", "law", "grade"), tuple(rows))
    return Folded("The ranges, and where they come from", (table,))
