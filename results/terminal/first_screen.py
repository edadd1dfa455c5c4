"""The first screen of a run: how far down, what it is made of, who is called, who sold what because of what."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import xarray as xr

from stress.results.dataset.first_facts import (
    SYSTEM,
    TAIL,
    Loss,
    Seller,
    builds,
    figure_of,
    fixed_moves,
    loss_at_end,
    lowest_mean,
    seller,
    sellers,
)
from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    estimate,
    fixed,
    money,
    money_unit,
    named,
    percent,
    plain_table,
    printable,
    with_error,
)
from stress.results.terminal.fitting import Fitting
from stress.results.terminal.names import shown_name, step_name

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = {"held_still": "held\nstill", "dip_buyers": "dip-\nbuyers"}
LEFT_OUT = ("Why a fund sells", "Why a fund sells and its lowest", "Why a fund sells, its lowest, calls and sales")
MOST_ASSETS = 3  # that a seller is said to sell
SMALLEST = 0.005  # sales that have a reason, in the unit of their column


def first_screen(tree: xr.DataTree) -> list[Any]:
    """Renderables in 100 columns; nothing of a result that an older version has written."""
    from rich.text import Text

    end = loss_at_end(tree)
    if end is None:
        return []
    parts = list(end.parts)
    lines = [*map(printable, fixed_moves(tree)), *_how_far(tree), *_who_is_called(tree), *_who_sold(tree)]
    made_of = [partial(_made_of, tree, end, parts, *of) for of in ((38, True), (38, False), (20, False))]
    by_fund = [partial(_by_fund, tree, parts, more) for more in (3, 2, 1, 0)]
    below = [Fitting(by_fund, ["", *(f"{x}: no room here; a wider screen has them." for x in LEFT_OUT)])]
    return [Fitting(made_of, ["", "", ""]), *(Text(line) for line in lines), Text(""), *below]


def _made_of(tree: xr.DataTree, end: Loss, parts: list[str], width: int, in_usd: bool) -> Table:
    """The loss of the whole system, when it is furthest down and at the end, as the sum of its parts."""
    from rich.text import Text

    paths, apart = int(tree.attrs["paths"]), int(tree["attribution"].attrs["paths_taken_apart"])
    over = f"; parts of the loss: the first {apart:,}" if apart < paths else ""
    table = plain_table(f"{tree.attrs['title'] or tree.attrs['name']}: {paths:,} paths{over}", gap=2)
    table.add_column("whole system, % of start NAV", max_width=width)
    add_number_columns(table, "loss", *(HEADINGS.get(part, part.replace("_", "\n")) for part in parts))
    lowest, tail = lowest_mean(tree), loss_at_end(tree, TAIL)
    nav = float(tree["summary"]["system_nav_usd"])
    unit, per_usd = money_unit([loss.total.value * nav for loss in (lowest, end, tail) if loss is not None])
    if in_usd:
        add_number_columns(table, f"loss\n{unit}")
    random = end.total.se != 0
    all_paths = "mean path" if random else "every path"
    rows = [(f"{all_paths} at its lowest, {step_name(tree, lowest.step)}", lowest)] if lowest is not None else []
    if lowest is None or lowest.step != end.step:
        rows.append((f"{all_paths} at the end", end))
    if tail is not None and random:
        rows.append(("worst 1 % of paths at the end", tail))
    for label, loss in rows:
        cells = [estimate(100 * x.value, 100 * x.se) for x in (loss.total, *(loss.parts[part] for part in parts))]
        if in_usd:
            cells.append(estimate(loss.total.value * nav * per_usd, loss.total.se * nav * per_usd, 1))
        table.add_row(Text(label), *cells)
    return table


def _how_far(tree: xr.DataTree) -> list[str]:
    """The trough of the worst paths."""
    summary = tree["summary"].to_dataset()
    end = loss_at_end(tree)
    if end is None or end.total.se == 0:
        return []
    level = _level(summary)
    at, error = (100 * float(summary[f"system_trough_es{x}"].sel(level=level)) for x in ("", "_se"))
    places = decimals(at, error, 2)
    share = percent(round(1 - level, 12))
    text = f"the worst {share} of paths are {with_error(at, error, places)} % down"
    usd = at / 100 * float(summary["system_nav_usd"])
    return [f"Lowest: {text} at their lowest step end ({money(usd)})."]


def _level(summary: xr.Dataset) -> float:
    """The level next to 99 %."""
    return min((float(x) for x in summary["level"].values if x > 0), key=lambda level: abs(level - 0.99))


def _who_is_called(tree: xr.DataTree) -> list[str]:
    summary = tree["summary"].to_dataset()
    called = float(summary["system_expected_called_usd"])
    if called == 0:
        return ["Called: nobody gets a margin call on any path."]
    text = f"margin calls of {money(called)}"
    share, error = (100 * float(summary[f"system_called_nav_share{x}"]) for x in ("", "_se"))
    places = decimals(share, error, 2)
    over = 100 * float(summary["system_prob_called_over_10pct"])
    return [
        f"Called: {with_error(share, error, places)} % of NAV gets {text} on average; "
        f"over a tenth of it on {f'{fixed(over, decimals(over, over / 10, 2))} % of paths' if over else 'no path'}."
    ]


def _who_sold(tree: xr.DataTree) -> list[str]:
    first = sellers(tree)
    if not first:
        return ["Sold: nothing is sold by force on any path."]
    whole = seller(tree, SYSTEM)
    lines = [f"Sold by force: {money(whole.sales.value)} on average, because of {_because(whole, 4)}."]
    built, because = builds(tree)
    if built * money_unit([whole.sales.value])[1] >= SMALLEST:
        text = ", ".join(_shares(because, 2))
        lines.append(f"Sold short or bought to build besides: {money(built)} on average, because of {text}.")
    return [*lines, *(f"  {_says(one)}" for one in first)]


def _says(one: Seller) -> str:
    """One seller on one line: how much, because of what, and mostly which assets."""
    _, per_usd = money_unit([one.sales.value])
    goods = ", ".join(f"{printable(asset)} {fixed(usd * per_usd, 1)}" for asset, usd in one.sold[:MOST_ASSETS])
    if goods:
        goods = f"; net over all days: {goods}"
    return f"{printable(one.fund)} {money(one.sales.value)}: {_because(one, 2)}{goods}."


def _because(one: Seller, most: int) -> str:
    return ", ".join(_reasons(one, most))


def _reasons(one: Seller, most: int) -> list[str]:
    """What asked for most of its sales, in % of them; what would read 0 is left out."""
    return _shares(one.because, most)


def _shares(because: list[tuple[str, float]], most: int) -> list[str]:
    return [f"{_trigger(name)} {100 * share:.0f} %" for name, share in because[:most] if share >= 0.005]


def _trigger(name: str) -> str:
    return name.replace("_", " ")


def _by_fund(tree: xr.DataTree, parts: list[str], more: int) -> Table:
    """Each fund's loss and its parts, on average and over its own worst 1 %.

    Its calls and sales with `more` from 1 on, its trough from 2 on, why it sells with 3.
    """
    from rich.text import Text

    summary = tree["summary"].to_dataset()
    random = loss_at_end(tree).total.se != 0  # type: ignore[union-attr]
    below = "; below: worst 1 % of each fund" if random else ""
    table = plain_table(f"Parts of the loss by fund, % of start NAV: mean{below}")
    add_label_column(table, "fund\nNAV")
    columns = ["loss", *(HEADINGS.get(part, part.replace("_", "\n")) for part in parts)]
    unit, per_usd = money_unit([seller(tree, SYSTEM).sales.value])
    wanted = (("\nlowest", 2), ("called\n% NAV", 1), (f"sales\n{unit}", 1))
    add_number_columns(table, *columns, *(head for head, least in wanted if more >= least))
    if more >= 3:
        table.add_column("because of", no_wrap=True, max_width=21)
    funds = [str(fund) for fund in summary["fund"].values]
    for fund in [*funds, SYSTEM]:
        losses = [x for x in (loss_at_end(tree, "all", fund), loss_at_end(tree, TAIL, fund) if random else None) if x]
        cells = []
        for part in ("total", *parts):
            lines = [_two(100 * (x.total if part == "total" else x.parts[part]).value) for x in losses]
            cells.append(Text("\n").join([Text(lines[0]), *(Text(line, "dim") for line in lines[1:])]))
        one = seller(tree, fund)
        if more >= 2:
            lowest = figure_of(summary, "trough_es", fund)
            mean, tail = (_two(100 * float(lowest.sel(level=level))) for level in (0.0, _level(summary)))
            cells.append(Text.assemble(mean, "\n", (tail, "dim")) if random else Text(mean))
        if more >= 1:
            cells.append(Text(_two(100 * float(figure_of(summary, "called_nav_share", fund)))))
            cells.append(Text(_two(one.sales.value * per_usd)))
        if more >= 3:
            cells.append(Text("\n".join(_reasons(one, 2)) if one.sales.value * per_usd >= SMALLEST else ""))
        label = named(shown_name(fund), money(float(figure_of(summary, "nav_usd", fund))))
        table.add_row(label, *cells, end_section=fund == funds[-1])
    return table


def _two(value: float) -> str:
    return fixed(value, 2)
