"""Who sells what, when, how much and why: forced flow by fund, asset and step, forced sales by what asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from stress.results.terminal.cells import (
    add_label_column,
    add_number_columns,
    decimals,
    error_text,
    estimate,
    fixed,
    money_unit,
    named,
    plain_table,
)
from stress.results.terminal.views.attribution import words
from stress.results.terminal.views.reasons import BY_TRIGGER, WHY, reasons
from stress.results.terminal.views.view import SYSTEM, View, figures, names, pick, shown_name, step_name
from stress.scenarios.errors import ScenarioError

if TYPE_CHECKING:
    from rich.table import Table

BY_FUND = "forced_flow_by_fund_usd"
TAIL, ALL = "tail_timeline", "all"
TOP = 5  # assets, where none is asked for
MOST_COLUMNS = 6  # steps side by side; the others are added up
MOST_SELLERS = 3  # of an asset, where more than one asset is shown
BAR = 14  # characters


def sales(
    tree: xr.DataTree,
    file: str,
    assets: Sequence[str] | None = None,
    funds: Sequence[str] | None = None,
    steps: Sequence[int] | None = None,
    top: int | None = None,
    part: str | None = None,
) -> View:
    """Mean forced flow in USD by step, fund and asset, negative where it is sold; fund "system" is all of them.

    Where no assets are asked for, forced sales by what asked for them, and calls, stand above it.

    Args:
        tree: the result.
        file: its name in messages.
        assets, funds, steps: labels to keep; None = all of them. With `funds`, "system" is left out.
        top: assets in the table, those with the largest flows, when `assets` is None; None = 5.
        part: over the paths of a slice of the system's worst ones, such as "worst_1pct"; None or "all" = all of them.

    Raises:
        ScenarioError: the result does not hold the flow by fund, or no such slice.
    """
    line = _line(tree, file, part)
    known = [fund for fund in names(line, "fund") if fund != SYSTEM]
    flow = pick(line[[BY_FUND, f"{BY_FUND}_se"]], file, fund=[SYSTEM, *known])
    flow = pick(flow, file, step=steps or flow["step"].values.tolist(), asset=assets or names(flow, "asset"))
    kept = flow if funds is None else pick(flow, file, fund=funds)
    each = kept[BY_FUND].sel(fund=[fund for fund in names(kept, "fund") if fund != SYSTEM])
    chosen = _by_size(abs(each).sum(("step", "fund")))
    cut = chosen if assets is not None else chosen[: top or TOP]
    told = kept
    if assets is None and BY_TRIGGER in line:
        why = [name for name in map(str, line.data_vars) if name.removesuffix("_se").removeprefix("total_") in WHY]
        told = kept.assign(line[why].sel(fund=names(kept, "fund"), step=kept["step"]).data_vars)
    groups = {"timeline": told} if part in (None, ALL) else {TAIL: told.expand_dims(slice=[part])}
    if not bool(kept[BY_FUND].any()):
        return View("sales", groups, [_nothing(tree, kept)])
    table = _one_step(tree, flow, kept, cut) if flow.sizes["step"] == 1 else _by_step(tree, kept, cut)
    because = (
        reasons(line, words(part or ALL).replace("% p", "% of p"), funds, kept["step"].values.tolist())
        if assets is None
        else None
    )
    shown = [table] if because is None else [because, table]
    return View("sales", groups, [*shown, *_notes(kept, chosen, cut, _paths_of(tree, line, part))])


def _line(tree: xr.DataTree, file: str, part: str | None) -> xr.Dataset:
    """The timeline over all paths, or over those of a slice."""
    if "timeline" in tree.children and BY_FUND not in tree["timeline"] and "note" in tree["timeline"].attrs:
        note = str(tree["timeline"].attrs["note"])
        raise ScenarioError(note, file=file, key=f"timeline/{BY_FUND}", allowed="a smaller scenario")
    if part in (None, ALL):
        return figures(tree, file, "timeline", {BY_FUND: ("step", "fund", "asset")})
    worst = figures(tree, file, TAIL, {BY_FUND: ("slice", "step", "fund", "asset")})
    if part not in names(worst, "slice"):
        allowed = ", ".join([ALL, *names(worst, "slice")])
        raise ScenarioError("is no slice of this result", file=file, key="--slice", value=part, allowed=allowed)
    return worst.sel(slice=part, drop=True).assign_attrs(paths=int(worst["slice_paths"].sel(slice=part)))


def _paths_of(tree: xr.DataTree, line: xr.Dataset, part: str | None) -> str:
    """Over which paths the means are."""
    paths = int(line.attrs.get("paths", tree.attrs["paths"]))
    if part in (None, ALL):
        return f"{paths:,} paths"
    every = int(tree["timeline"].attrs.get("paths", tree.attrs["paths"]))
    return f"{paths:,} of {every:,} paths, those on which the whole system loses most"


def _by_size(size: xr.DataArray) -> list[str]:
    """The labels of `size` (label,), the largest first."""
    order = np.argsort(-size.values, kind="stable")
    return [str(label) for label in size[size.dims[0]].values[order]]


def _rows(flow: xr.Dataset, assets: Sequence[str]) -> list[tuple[str, list[str]]]:
    """For each asset the funds with a row: those that trade it most, all of them where there is one asset only."""
    rows = []
    for asset in assets:
        size = abs(flow[BY_FUND].sel(asset=asset)).sum("step")
        traded = [fund for fund in _by_size(size) if float(size.sel(fund=fund)) > 0]
        traded.sort(key=lambda fund: fund != SYSTEM)
        most = len(traded) if len(assets) == 1 else MOST_SELLERS + (SYSTEM in traded)
        rows.append((asset, traded[:most]))
    return rows


def _one_step(tree: xr.DataTree, flow: xr.Dataset, kept: xr.Dataset, assets: Sequence[str]) -> Table:
    """Flow, error and share of one step, with a bar."""
    from rich.bar import Bar
    from rich.text import Text

    step = int(flow["step"].values[0])
    everything, errors = flow[BY_FUND].isel(step=0), flow[f"{BY_FUND}_se"].isel(step=0)
    each = everything.drop_sel(fund=SYSTEM)
    rows = _rows(kept, assets)
    largest = max((abs(float(everything.sel(asset=a, fund=f))) for a, funds in rows for f in funds), default=0.0)
    unit, scale = money_unit([largest])
    table = plain_table(f"Forced flow on {step_name(tree, step)}, {unit}: - sold, + bought", gap=2)
    add_label_column(table, "asset")
    add_label_column(table, "fund")
    add_number_columns(table, unit, "±", "share")
    table.add_column("", no_wrap=True, width=BAR)
    for asset, funds in rows:
        of_asset = each.sel(asset=asset)
        for i, fund in enumerate(funds):
            value, error = (float(x.sel(asset=asset, fund=fund)) for x in (everything, errors))
            same_side = float(np.abs(of_asset.where(np.sign(of_asset) == np.sign(value), 0.0)).sum())
            share = "" if fund == SYSTEM else f"{100 * abs(value) / same_side:.1f} %"
            places = decimals(value * scale, error * scale, 3)
            numbers = fixed(value * scale, places), error_text(error * scale, places).removeprefix("±")
            bar = "" if fund == SYSTEM else Bar(largest, 0, abs(value), width=BAR)
            cells = (named(asset) if i == 0 else "", Text(shown_name(fund)), *numbers, share, bar)
            table.add_row(*cells, end_section=fund == funds[-1])
    return table


def _by_step(tree: xr.DataTree, kept: xr.Dataset, assets: Sequence[str]) -> Table:
    """A column for each step with its errors, and the sum; the quietest steps together where there are many."""
    from rich.text import Text

    steps = [int(step) for step in kept["step"].values]
    lead = abs(kept[BY_FUND].sel(asset=list(assets))).sum(("fund", "asset"))
    busiest = sorted(int(step) for step in _by_size(lead)[: MOST_COLUMNS - 1])
    apart = steps if len(steps) <= MOST_COLUMNS else busiest
    rest = [step for step in steps if step not in apart]
    funds = names(kept, "fund")
    of = f" of {shown_name(funds[0])}" if len(funds) == 1 else ""
    shown = kept[BY_FUND].sel(asset=list(assets))
    unit, scale = money_unit([*shown.values.ravel(), *shown.sum("step").values.ravel()])
    table = plain_table(f"Forced flow{of} by step, {unit}: - sold, + bought")
    add_label_column(table, "asset" if of else "asset\nfund")
    headings = [step_name(tree, step).replace(" ", "\n") for step in apart]
    add_number_columns(table, *headings, *(["other\nsteps"] if rest else []), "all\nsteps")
    for asset, traders in _rows(kept, assets):
        if not of:
            table.add_row(named(asset))
        for fund in traders:
            at = kept.sel(asset=asset, fund=fund) * scale

            def cell(chosen: list[int], at: xr.Dataset = at) -> Any:
                part = at.sel(step=chosen).sum("step", skipna=False)
                return estimate(float(part[BY_FUND]), float(part[f"{BY_FUND}_se"]), most=3)

            groups = [*([step] for step in apart), *([rest] if rest else []), steps]
            name = named(asset) if of else Text(f"  {shown_name(fund)}")
            table.add_row(name, *map(cell, groups), end_section=not of and fund == traders[-1])
    return table


def _nothing(tree: xr.DataTree, kept: xr.Dataset) -> Any:
    """What stands in the place of an empty table."""
    from rich.text import Text

    every, first = int(tree.attrs["paths"]), int(tree["timeline"].attrs.get("paths", tree.attrs["paths"]))
    whole = kept[BY_FUND].size == tree["timeline"][BY_FUND].size
    what = "Nothing" if whole else "Nothing of what was asked for"
    return Text(
        f"{what} is sold or bought by force on any {'path' if first == every else f'of the first {first:,} paths'}."
    )


def _notes(kept: xr.Dataset, chosen: Sequence[str], cut: Sequence[str], paths: str) -> list[Any]:
    from rich.text import Text

    lines = [
        "sold: longs sold or shorts added; bought: shorts covered or longs added; net by fund and asset, "
        "with what overlays and rebalancing rules build.",
        f"Mean over {paths}. ±: standard error; ±?: too few paths for one.",
    ]
    if kept.sizes["step"] > 1:
        lines.append("± of a sum over steps: the sum of their errors, an upper bound.")
    else:
        lines.append("share: of all that the funds sell, or buy, of the asset in this step.")
    if len(cut) > 1 and kept.sizes["fund"] > MOST_SELLERS + 1:
        lines.append(f"Of each asset the {MOST_SELLERS} funds that trade it most; --asset ID shows all of them.")
    quiet = len(chosen) - len(cut)
    if quiet:
        left = "1 asset with a smaller flow is" if quiet == 1 else f"{quiet} assets with smaller flows are"
        lines.append(f"{left} not shown: --asset ID, --top N.")
    return [Text(text) for text in lines]
