"""The first screen: the first questions answered in a sentence each, the parts of the loss, everybody's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import xarray as xr

from stress.results.dataset.first_facts import TAIL, fixed_moves
from stress.results.files.store import DamagedRun
from stress.results.fund_groups.as_result import groups_in, of_group
from stress.results.report.elements import Cell, Facts, Items, Row, Section, Table
from stress.results.report.numbers import SYSTEM, WHOLE, called, cell, unbroken
from stress.results.report.risk import Risk
from stress.results.report.sections.answers import answers
from stress.results.report.sections.parts import parts_by_fund, parts_of_the_system
from stress.results.terminal.cells import money, money_unit, percent
from stress.results.terminal.summary_table import notes

OF_COLUMNS = ("VaR, ES, added", "called, default", "ampl., added")
SHARES = ("called_nav_share", "prob_called_over_10pct", "prob_called_over_50pct", "defaulted_nav_share")


def headline(tree: xr.DataTree) -> Section:
    """How far down, made of what, who is called, who sold because of what, how sure; then everybody's numbers."""
    risk = Risk(tree)
    tables = _tables(tree, risk, ("all", TAIL) if risk.random else ("all",))
    told = Items((*fixed_moves(tree), *_notes(tree)))
    return Section("headline", "In short", [Facts(answers(tree, risk)), *tables, *_groups(tree), told])


def _tables(tree: xr.DataTree, risk: Risk, slices: Sequence[str]) -> list[Table]:
    split = [parts_of_the_system(tree, risk), *(parts_by_fund(tree, risk, part) for part in slices)]
    return [*(table for table in split if table is not None), headline_table(risk)]


def _groups(tree: xr.DataTree) -> Iterator[Table]:
    """The same of each group of funds, which stands in the place of the whole system; amounts are in units of its own.

    Raises:
        DamagedRun: the result does not hold of groups what it should.
    """
    for group in groups_in(tree):
        try:
            own = of_group(tree, group)
        except (KeyError, ValueError) as error:
            raise DamagedRun(f"group_summary or another part of group {group} is not what its name says") from error
        for table in _tables(own, Risk(own), ("all",)):
            rows = (replace(row, heading=f"group {group}") if row.heading == WHOLE else row for row in table.rows)
            caption = table.caption.replace("all funds together", "its funds together")
            yield replace(table, caption=f"Group {group}: {caption[0].lower()}{caption[1:]}", rows=tuple(rows))


def headline_table(risk: Risk) -> Table:
    """VaR, ES, the lowest point, NAV called and in default, and forced sales by fund, the system last."""
    if not risk.random:
        return _one_path(risk)
    at = unbroken(percent(risk.level))
    unit, scale = _unit(risk)
    titles = [f"{measure} {unbroken(percent(level))}" for level in risk.levels for measure in ("VaR", "ES")]
    shares = ("NAV called", "P of over 10 % called", "P of over 50 % called", "NAV in default")
    return Table(
        "Losses in % of start NAV and probabilities in %, by fund, with standard errors",
        ("Fund", *titles, "Lowest, mean", f"Lowest, ES {at}", *shares, f"Forced sales, {unit}"),
        tuple(_row(risk, fund, scale) for fund in risk.everybody),
        "VaR: the loss at the end passed with the probability that is left. ES: the mean loss beyond it. Lowest: the "
        "largest loss at the end of any step. NAV called, in default: "
        "mean share of start NAV of members with a margin call, in default. Forced sales: mean of longs sold and "
        "shorts covered. ±: standard error.",
        tight=True,
    )


def _unit(risk: Risk) -> tuple[str, float]:
    """Of forced sales, by those of all funds together."""
    return money_unit([risk.figure("expected_forced_sales_usd")[0]])


def _one_path(risk: Risk) -> Table:
    """The same where nothing is drawn at random: all paths are one, without levels and errors."""

    unit, per_usd = _unit(risk)

    def row(fund: str) -> Row:
        def one(name: str, scale: float = 100, level: float | None = None, most: int = 2) -> Cell:
            return cell(risk.figure(name, fund, level)[0], scale=scale, most=most)

        cells = (one("es", level=risk.level), one("es_static", level=risk.level), one("added_loss", level=risk.level))
        shares = (one("called_nav_share"), one("defaulted_nav_share"))
        rest = (one("expected_forced_sales_usd", per_usd), one("amplification", 1, risk.level, 3))
        return Row(
            called(fund), (*cells, *shares, *rest), money(risk.figure("nav_usd", fund)[0]), strong=fund == SYSTEM
        )

    return Table(
        "Losses in % of start NAV, by fund",
        (
            "Fund",
            "Loss",
            "Held still",
            "Added loss",
            "NAV called",
            "NAV in default",
            f"Forced sales, {unit}",
            "Amplification",
        ),
        tuple(map(row, risk.everybody)),
        "Held still: the start book through the same shocks. Forced sales: longs sold and shorts covered. "
        "Amplification and added loss: the loss over, and less, that of the book held still.",
    )


def _row(risk: Risk, fund: str, per_usd: float) -> Row:
    def one(name: str, scale: float = 100, level: float | None = None, most: int = 2) -> Cell:
        return cell(*risk.figure(name, fund, level), scale, most)

    cells = [one(measure, level=level) for level in risk.levels for measure in ("var", "es")]
    cells += [one("trough_es", level=level) for level in (0.0, risk.level)]
    cells += [*(one(name) for name in SHARES), one("expected_forced_sales_usd", per_usd)]
    return Row(called(fund), tuple(cells), money(risk.figure("nav_usd", fund)[0]), strong=fund == SYSTEM)


def _notes(tree: xr.DataTree) -> tuple[str, ...]:
    """Those of the terminal's table, without the meaning of its columns."""
    return tuple(note for note in notes(tree) if not note.startswith(OF_COLUMNS))
