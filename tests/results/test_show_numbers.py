"""Every number of a closer look, and the error below it, is the dataset's own, found by row and column."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from rich.table import Table
from rich.text import Text

from collected_example import ASSETS_FILE_ORDER, FILE_ORDER
from plot_example import with_values
from shown_numbers import check, rows, unit
from stress.results.terminal import views
from stress.scenarios.errors import ScenarioError
from view_example import RUN, TREE

LEVEL = 0.99


def the(view: views.View, title: str) -> Table:
    (found,) = (x for x in view.shown if isinstance(x, Table) and str(x.title).startswith(title))
    return found


@pytest.mark.parametrize("top", [1, 2])
def test_contributions_and_the_sum_of_those_left_out(top: int) -> None:
    table = TREE["contributions"].to_dataset().sel(level=LEVEL)
    whole = float(TREE["summary"]["system_es"].sel(level=LEVEL))
    view = views.contributions(TREE, RUN, LEVEL, top=top)
    funds = rows(the(view, "Contributions of funds"))
    assert set(funds) == set(FILE_ORDER)
    for fund, cells in funds.items():
        at = table.sel(fund=fund)
        names = ("es_contribution", "es_contribution", "mes", "covar", "delta_covar")
        for cell, name, scale in zip(cells, names, (100, 100 / whole, 100, 100, 100), strict=True):
            check(cell, scale * float(at[name]), scale * float(at[f"{name}_se"]))
    assets = rows(the(view, "Contributions of assets"))
    name, left = "es_contribution_by_asset", set(ASSETS_FILE_ORDER) - set(assets)
    assert len(left) == len(ASSETS_FILE_ORDER) - top
    for label, cells in assets.items():
        others = label.endswith(" others")
        at = table.sel(asset=sorted(left)).sum("asset") if others else table.sel(asset=label)
        for cell, scale in zip(cells, (100, 100 / whole), strict=True):
            check(cell, scale * float(at[name]), None if others else scale * float(at[f"{name}_se"]))


@pytest.mark.parametrize("fund", ["mid", "system"])
def test_exposure_from_the_start_and_its_share_of_nav(fund: str) -> None:
    gross = TREE["start"].to_dataset()["gross_position_usd"].values
    tree = with_values(TREE, "start", "position_usd", -0.4 * gross)
    begin, line, summary = (tree[name].to_dataset() for name in ("start", "timeline", "summary"))
    nav = float(summary["system_nav_usd"] if fund == "system" else summary["nav_usd"].sel(fund=fund))
    kinds = {"Net": ("position_usd", "exposure_usd"), "Gross": ("gross_position_usd", "gross_exposure_usd")}
    view = views.exposure(tree, RUN, fund, by="asset")
    for title, (held, exposed) in kinds.items():
        table = the(view, title)
        start = begin[held].sum("fund_type") if fund == "system" else begin[held].sel(fund_type=fund)
        course = line[exposed].sel(fund=fund)
        for name, cells in rows(table).items():
            ours, later = (x.sum("asset") if name == "all" else x.sel(asset=name) for x in (start, course))
            for cell, usd in zip(cells, (float(ours), *later.values), strict=True):
                amount, share = cell.split("\n")
                check(amount, float(usd) * unit(str(table.title)))
                check(share.removesuffix(" %"), 100 * float(usd) / nav)


def test_exposure_by_sector() -> None:
    """Where assets have sectors; a result in which none has one says so."""
    with pytest.raises(ScenarioError, match="no asset of this result has a sector"):
        views.exposure(TREE, RUN, by="sector")
    sectors = {ASSETS_FILE_ORDER[0]: "tech"}
    labels = {"asset_sector": ("asset", [sectors.get(name, "") for name in ASSETS_FILE_ORDER])}
    groups = {name: TREE[name].to_dataset().assign_coords(labels) for name in ("start", "timeline")}
    tree = xr.DataTree.from_dict({"/": TREE.to_dataset(), "summary": TREE["summary"].to_dataset(), **groups})
    table = the(views.exposure(tree, RUN, by="sector"), "Gross")
    tech = TREE["timeline"].to_dataset()["gross_exposure_usd"].sel(fund="system", asset=ASSETS_FILE_ORDER[0])
    for cell, usd in zip(rows(table)["tech"][1:], tech.values, strict=True):
        check(cell.split("\n")[0], float(usd) * unit(str(table.title)))


def test_purchases_by_step_and_asset() -> None:
    line = TREE["timeline"].to_dataset()
    table = the(views.purchases(TREE, RUN), "What retail bought")
    found = rows(table)
    for asset in ASSETS_FILE_ORDER:
        *by_step, every = found[asset]
        at, scale = line.sel(asset=asset), unit(str(table.title))
        for step, cell in enumerate(by_step):
            now = at.isel(step=step)
            check(cell, *(scale * float(now[f"retail_purchases_usd{end}"]) for end in ("", "_se")))
        check(every, *(scale * float(at[f"total_retail_purchases_usd{end}"]) for end in ("", "_se")))
    standing = {"down days before": ("down_days", 1.0), "fatigue leaves, %": ("fatigue", 100.0)}
    budget = next(name for name in found if name.startswith("budget left"))
    for name, (figure, scale) in {**standing, budget: ("budget_left_usd", unit(budget))}.items():
        for step, cell in enumerate(found[name][:-1]):
            now = line.isel(step=step)
            check(cell, *(scale * float(now[f"retail_{figure}{end}"]) for end in ("", "_se")))


def test_reasons_for_sales_and_the_slice_they_are_of() -> None:
    for part, group, at in ((None, "timeline", {}), ("worst_1pct", "tail_timeline", {"slice": "worst_1pct"})):
        data: xr.Dataset = TREE[group].to_dataset().sel(at)
        table = the(views.sales(TREE, RUN, part=part), "Why funds sell")
        scale = unit(str(table.title))
        for name, cells in rows(table).items():
            mine = data.sel(fund="system" if name == "whole system" else name)
            names = [
                *(("total_forced_sales_by_trigger_usd", trigger) for trigger in ("margin_call", "stop_loss")),
                ("total_forced_sales_usd", None),
                ("total_called_usd", None),
            ]
            for cell, (figure, trigger) in zip(cells, names, strict=True):
                one = mine if trigger is None else mine.sel(trigger=trigger)
                if figure in one:
                    check(cell, *(scale * float(one[f"{figure}{end}"]) for end in ("", "_se")))


def test_worst_paths_column_by_column() -> None:
    for by, group in (("loss", "tails"), ("trough", "tails_by_trough")):
        tails = TREE[group].to_dataset().sel(fund="mid")
        table = next(x for x in views.worst(TREE, RUN, "mid", by=by).shown if isinstance(x, Table))
        heads = [str(column.header) for column in table.columns]
        for rank, cells in rows(table).items():
            at, (path, loss, trough, still, called, sold, first, default) = tails.sel(rank=int(rank)), cells
            assert path == str(int(at["path_id"]))
            for cell, name in ((loss, "fund_loss"), (trough, "trough"), (still, "fund_loss_static")):
                check(cell, 100 * float(at[name]))
            check(called, float(at["called_usd"]) * unit(heads[5]))
            check(sold, float(at["forced_sales_usd"]) * unit(heads[6]))
            assert first == (str(int(at["first_call_step"])) if at["first_call_step"] else "-")
            assert default == ("yes" if at["defaulted"] else "-")


def test_shares_of_one_step_are_of_what_is_sold_or_bought_of_the_asset() -> None:
    flow = TREE["timeline"].to_dataset()["forced_flow_by_fund_usd"].sel(step=2)
    table = the(views.sales(TREE, RUN, steps=[2]), "Forced flow on day 2")
    asset = ""
    columns = [[x.plain if isinstance(x, Text) else str(x) for x in column.cells] for column in table.columns[:5]]
    for name, fund, _, _, share in zip(*columns, strict=True):
        asset = name or asset
        if fund == "whole system":
            assert not share
            continue
        each = flow.sel(asset=asset).drop_sel(fund="system")
        mine = float(each.sel(fund=fund))
        check(share.removesuffix(" %"), 100 * mine / float(each.where(np.sign(each) == np.sign(mine)).sum()))
