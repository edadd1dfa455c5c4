"""The report's numbers are the dataset's, by label."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from plot_example import TREE, changed, reordered
from report_example import SPEC, the_page
from report_page import check_form, every, number, parsed, said, section, table
from stress.results.report import report_html
from stress.results.report.elements import Cell, Folded, Gallery, Section, Table, Text
from stress.results.report.sections.calls import calls
from stress.results.report.sections.causes import contributions
from stress.results.report.sections.crowd import crowding
from stress.results.report.sections.headline import headline
from stress.results.report.sections.sales import sales
from stress.results.report.sections.worst import worst


def test_a_report_has_all_parts_and_a_good_form() -> None:
    check_form(the_page())
    names = [element.get("id") for element in every(parsed(the_page()), "section")]
    contents = [link.get("href") for link in every(next(every(parsed(the_page()), "nav")), "a")]
    assert contents == [f"#{name}" for name in names]
    assert names == [
        *("headline", "losses", "calls", "leverage", "sales", "purchases", "exposure", "attribution", "contributions"),
        *("crowding", "brokers", "amplification", "convergence", "worst", "assumptions", "sources", "limits"),
        "provenance",
    ]
    assert len(the_page().encode()) < 1_000_000


def test_the_same_result_gives_the_same_bytes() -> None:
    assert report_html(TREE, SPEC) == the_page()


def test_the_headline_table_holds_the_datasets_numbers() -> None:
    rows = table(section(the_page(), "headline"), "Losses in %")
    summary = TREE["summary"].to_dataset()
    columns = {
        **{f"VaR {100 * level:g} %": ("var", 100, level) for level in (0.95, 0.99, 0.999)},
        **{f"ES {100 * level:g} %": ("es", 100, level) for level in (0.95, 0.99, 0.999)},
        "NAV called": ("called_nav_share", 100, None),
        "P of over 10 % called": ("prob_called_over_10pct", 100, None),
        "P of over 50 % called": ("prob_called_over_50pct", 100, None),
        "NAV in default": ("defaulted_nav_share", 100, None),
        "Forced sales, bn USD": ("expected_forced_sales_usd", 1e-9, None),
        "Lowest, mean": ("trough_es", 100, 0.0),
        "Lowest, ES 99 %": ("trough_es", 100, 0.99),
    }
    assert set(rows) == {*(str(fund) for fund in summary["fund"].values), "whole system"}
    for fund, cells in rows.items():
        assert set(cells) == set(columns)
        for title, (name, scale, level) in columns.items():
            values = summary[f"system_{name}"] if fund == "whole system" else summary[name].sel(fund=fund)
            errors = summary[f"system_{name}_se"] if fund == "whole system" else summary[f"{name}_se"].sel(fund=fund)
            exact = scale * float(values if level is None else values.sel(level=level))
            spread = scale * float(errors if level is None else errors.sel(level=level))
            value, half = number(cells[title])
            assert value == pytest.approx(exact, abs=half * 1.0001), (fund, title)
            error = [*cells[title].split(), ""][1]
            nothing = exact == 0 and np.isinf(spread)  # found on every path
            assert bool(error) == (bool(spread) and not nothing)
            if error.startswith("±") and error != "±?":
                assert float(error[1:].replace(",", "")) == pytest.approx(spread, abs=half * 1.0001), (fund, title)


def test_the_answers_hold_the_systems_numbers() -> None:
    text = said(section(the_page(), "headline"))
    summary = TREE["summary"].to_dataset().sel(level=0.99)
    es, nav = float(summary["system_es"]), float(summary["system_nav_usd"])
    assert f"{nav / 1e9:,.0f} bn USD" in text
    assert f"lose {100 * es:.1f}" in text
    assert f"which is {es * nav / 1e9:,.0f} bn USD" in text
    assert f"{float(summary['system_amplification']):.2f}" in text
    by_loss = summary["es"]
    hit = str(by_loss["fund"].values[int(np.argmax(by_loss.values))])
    assert f"{hit} loses the largest share" in text


def test_tables_behind_pictures_hold_the_datasets_numbers() -> None:
    timeline = TREE["timeline"].to_dataset()
    called = table(section(the_page(), "calls"), "Newly called")
    fans = table(section(the_page(), "leverage"), "Gross leverage: alpha")
    for step in timeline["step"].values:
        value, half = number(called[str(step)]["zeta"])
        assert value == pytest.approx(float(timeline["called_usd"].sel(step=step, fund="zeta")) / 1e9, abs=half)
        value, half = number(fans[str(step)]["50 %"])
        exact = float(timeline["gross_leverage"].sel(step=step, fund="alpha", quantile=0.5))
        assert value == pytest.approx(exact, abs=half)
    parts = table(section(the_page(), "attribution"), "Profit (+) and loss (−) of whole system, the worst 1 %")
    contribution = TREE["attribution"].to_dataset()["contribution"].sel(fund="system", slice="worst_1pct")
    for name in contribution["component"].values:
        value, half = number(parts[str(name).replace("_", " ")]["% of start NAV"])
        assert value == pytest.approx(100 * float(contribution.sel(component=name)), abs=half)


def test_who_sells_what_is_by_step_asset_and_fund() -> None:
    flow = TREE["timeline"].to_dataset()["forced_flow_by_fund_usd"]
    unit = 1e9 if float(abs(flow).max()) >= 1e9 else 1e6
    for step in flow["step"].values:
        rows = table(section(the_page(), "sales"), f"Forced flow in step {step} by asset and fund")
        for asset, cells in rows.items():
            for fund in (name for name in cells if name != "All funds"):
                exact = float(flow.sel(step=step, asset=asset, fund=fund)) / unit
                value, half = number(cells[fund]) if cells[fund] else (0.0, 0.0)
                assert value == pytest.approx(exact, abs=half)


def test_the_largest_flows_of_a_step_come_first_and_its_title_names_them() -> None:
    flow = TREE["timeline"].to_dataset()["forced_flow_by_fund_usd"]
    flow = flow.sel(fund=[fund for fund in flow["fund"].values if fund != "system"])
    titles = [said(each) for each in every(section(the_page(), "sales"), "summary")]
    for step in flow["step"].values:
        now = flow.sel(step=step)
        rows = table(section(the_page(), "sales"), f"Forced flow in step {step} by asset and fund")
        by_asset = abs(now).sum("fund")
        sizes = [float(by_asset.sel(asset=asset)) for asset in rows]
        assert sizes == sorted(sizes, reverse=True)
        by_fund = abs(now).sum("asset")
        columns = [name for name in next(iter(rows.values())) if name != "All funds"]
        assert [float(by_fund.sel(fund=fund)) for fund in columns] == sorted(by_fund.values.tolist(), reverse=True)
        (title,) = (text for text in titles if text.startswith(f"Step {step}:"))
        for what, sign in (("sale", -1), ("purchase", 1)):
            largest = sign * now.stack(pair=("fund", "asset"))
            if float(largest.max()) > 0:
                fund, asset = largest["pair"].values[int(np.argmax(largest.values))]
                assert f"largest {what}: {fund} {asset} " in title


def test_what_is_built_is_told_apart_from_what_is_cut() -> None:
    summary = float(TREE["summary"]["system_expected_forced_sales_usd"])

    def building(dataset: xr.Dataset) -> xr.Dataset:
        if "forced_sales_usd" not in dataset or "step" not in dataset.dims:
            return dataset
        return dataset.assign(built_usd=xr.full_like(dataset["forced_sales_usd"], 7e9))

    def without_built(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.drop_vars(["built_usd", "built_usd_se"], errors="ignore")

    steps = TREE["timeline"].sizes["step"]
    built = " ".join(block.text for block in sales(changed(TREE, building)).blocks if isinstance(block, Text))
    assert f"They leave out the {7 * steps:.2f} bn USD that hedges and rebalancing rules build" in built
    none = " ".join(block.text for block in sales(changed(TREE, without_built)).blocks if isinstance(block, Text))
    assert "No fund of this run builds positions" in none
    value = float(none.partition("at the prices of the day: ")[2].split()[0].replace(",", ""))
    assert value == pytest.approx(summary / (1e9 if summary >= 1e9 else 1e6), abs=0.0051)
    assert "longs sold or shorts added" in none


def test_counts_behind_a_distribution_are_of_every_path() -> None:
    histogram = TREE["distribution"].to_dataset()
    for fund in histogram["fund"].values:
        name = "whole system" if fund == "system" else str(fund)
        rows = table(section(the_page(), "losses"), f"Paths by loss: {name}")
        headings = list(rows)
        assert headings[0].startswith("below")
        assert headings[-1].startswith("above")
        for column, series in (("Paths", "loss"), ("Held still", "loss_static")):
            counted = [int(cells[column].replace(",", "")) for cells in rows.values()]
            assert sum(counted) == int(histogram[series].sel(fund=fund).sum())
        edge = number(headings[-1].removeprefix("above "))[0]
        above = histogram["loss"].sel(fund=fund).values[100 * histogram["bin_low"].values >= edge - 6e-4]
        assert int(rows[headings[-1]]["Paths"].replace(",", "")) == int(above.sum())


def test_contributions_of_funds_sum_to_the_systems_es() -> None:
    rows = table(section(the_page(), "contributions"), "Parts of the system's ES 99 % by fund")
    parts = [number(cells["% of the system's NAV"]) for cells in rows.values()]
    whole = 100 * float(TREE["summary"]["system_es"].sel(level=0.99))
    assert sum(value for value, _ in parts) == pytest.approx(whole, abs=sum(half for _, half in parts))


@pytest.mark.parametrize("build", [headline, calls, sales, contributions, crowding, worst])
def test_labels_and_not_positions_decide(build: Callable[[xr.DataTree], Section]) -> None:
    assert cells(build(reordered(TREE, seed=3))) == cells(build(TREE))


def cells(part: Section) -> dict[tuple[str, str, str], Cell]:
    """(table, row, column) -> cell, of all tables of a section."""
    pictures = [picture for block in part.blocks if isinstance(block, Gallery) for picture in block.pictures]
    folded = [inner for block in part.blocks if isinstance(block, Folded) for inner in block.blocks]
    tables = [block for block in (*part.blocks, *folded) if isinstance(block, Table)]
    return {
        (table.caption, row.heading, column): cell
        for table in (*tables, *(picture.table for picture in pictures))
        for row in table.rows
        for column, cell in zip(table.columns[1:], row.cells, strict=True)
    }
