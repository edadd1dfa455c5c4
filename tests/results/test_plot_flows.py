"""Figures of calls, sales, causes and crowding: what is drawn is what the dataset says, looked up by label."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.container import BarContainer

from drawn import bars, row_names, whiskers
from plot_example import TREE, changed, of, renamed, reordered, widened, with_values
from stress.results import plot

Z95 = 1.959963984540054
TIMELINE = TREE["timeline"].to_dataset()


def shown(label: object) -> str:
    return "whole system" if label == "system" else str(label)


def stacks(ax: Any) -> dict[str, Any]:
    """Heights of the bars by label."""
    found = [one for one in ax.containers if isinstance(one, BarContainer)]
    return {str(one.get_label()): np.array([bar.get_height() for bar in one.patches]) for one in found}


def lines(ax: Any) -> dict[str, tuple[Any, Any]]:
    """Values and half widths of the whiskers by label."""
    found = {}
    for container in ax.containers:
        line, _, (whisker,) = container
        reach = np.array([(high - low) / 2 for (_, low), (_, high) in whisker.get_segments()])
        found[str(container.get_label())] = (np.asarray(line.get_ydata()), reach)
    return found


def cells(ax: Any) -> dict[str, Any]:
    """Values of each row of a map by its name."""
    return dict(zip(row_names(ax), np.asarray(ax.collections[0].get_array()), strict=True))


def test_calls_are_stacked_to_the_total_with_its_interval() -> None:
    ax: Any = plot.timeline(TREE)
    scale = {"bn USD": 1e9, "m USD": 1e6}[ax.get_ylabel()]
    drawn = stacks(ax)
    for fund in ("zeta", "alpha", "mid"):
        np.testing.assert_allclose(drawn[fund] * scale, TIMELINE["called_usd"].sel(fund=fund).values)
    assert sum(drawn.values()) == pytest.approx(drawn["zeta"] + drawn["alpha"] + drawn["mid"])
    (whisker,) = [collection for collection in ax.collections if hasattr(collection, "get_segments")]
    ends = np.array([[low, high] for (_, low), (_, high) in whisker.get_segments()]) * scale
    total, error = (TIMELINE[f"called_usd{end}"].sel(fund="system").values for end in ("", "_se"))
    np.testing.assert_allclose(ends, np.stack([total - Z95 * error, total + Z95 * error], axis=1))


def test_the_smaller_funds_are_one_part_of_the_stack() -> None:
    tree = widened(40, 3)
    drawn = stacks(plot.timeline(tree))
    assert list(drawn)[-1] == "35 others"
    values = of(tree, "timeline", "called_usd").sel(fund=[f"fund_{i:03d}" for i in range(40)])
    largest = values.sum("step").to_series().nlargest(5)
    assert set(drawn) - {"35 others"} == set(largest.index)
    scale = values.sel(fund=largest.index[0]).values / drawn[largest.index[0]]
    np.testing.assert_allclose(sum(drawn.values()) * scale, values.sum("fund").values)


@pytest.mark.parametrize(("variable", "factor"), [("fund_loss", 100), ("fund_loss_static", 100), ("price_mean", 1)])
def test_means_are_lines_with_intervals(variable: str, factor: float) -> None:
    ax: Any = plot.timeline(TREE, variable)
    entity = TIMELINE[variable].dims[1]
    drawn = lines(ax)
    assert set(drawn) == {shown(label) for label in TIMELINE[entity].values.tolist()}
    for label in TIMELINE[entity].values.tolist():
        values, error = (TIMELINE[f"{variable}{end}"].sel({entity: label}).values * factor for end in ("", "_se"))
        np.testing.assert_allclose(drawn[shown(label)][0], values)
        np.testing.assert_allclose(drawn[shown(label)][1], Z95 * error)
    assert ax.get_ylabel() == ("% of start NAV" if factor == 100 else "")


def test_amounts_with_losses_among_them_are_lines_not_a_stack() -> None:
    gain = with_values(TREE, "timeline", "added_loss_usd", -2e9, fund="mid", step=1)
    drawn = lines(plot.timeline(gain, "added_loss_usd"))
    assert "whole system" in drawn
    assert drawn["mid"][0][0] < 0


def test_no_calls_at_all() -> None:
    quiet = with_values(TREE, "timeline", "called_usd", 0.0)
    ax: Any = plot.timeline(quiet)
    assert "All are zero." in ax.get_xlabel()
    figure = plot.heatmap(quiet, "called_usd")
    assert [text.get_text() for text in figure.texts] == ["Zero for every fund in every step."]


CAUSES = {"outside shock", "own impact", "others' impact", "retail offset", "execution shortfall", "rebound", "total"}
PARTS = {"held still", "cutting", "selling", "dip-buyers", "total"}


@pytest.mark.parametrize("of", ["parts", "causes"])
@pytest.mark.parametrize(("fund", "part"), [("system", "all"), ("mid", "worst_1pct")])
def test_waterfall_runs_from_nothing_to_the_total(fund: str, part: str, of: Any) -> None:
    ax: Any = plot.attribution(TREE, fund, part, of)
    table = TREE["attribution"].to_dataset().sel(fund=fund, slice=part)
    values = table["loss_part"] if of == "parts" else table["contribution"].rename(component="part")
    drawn, words = bars(ax), {"others' impact": "others_impact", "dip-buyers": "dip_buyers"}
    for name, length in drawn.items():
        label = words.get(name, name.replace(" ", "_"))
        assert length == pytest.approx(100 * values.sel(part=label).item())
    assert set(drawn) == (PARTS if of == "parts" else CAUSES)
    patches = {row_names(ax)[round(bar.get_y() + bar.get_height() / 2)]: bar for bar in ax.patches}
    reached = 0.0
    for name in row_names(ax)[:-1]:
        assert patches[name].get_x() == pytest.approx(reached)
        reached += patches[name].get_width()
    assert reached == pytest.approx(drawn["total"])


@pytest.mark.parametrize("variable", ["forced_flow_usd", "called_usd"])
def test_heatmap_holds_every_value(variable: str) -> None:
    ax: Any = plot.heatmap(TREE, variable)
    values = TIMELINE[variable]
    entity = str(values.dims[1])
    drawn = cells(ax)
    assert set(drawn) == {str(label) for label in values[entity].values.tolist() if label != "system"}
    scale = next(size for size, unit in ((1e9, "bn USD"), (1e6, "m USD")) if unit in ax.get_title(loc="left"))
    for name, row in drawn.items():
        np.testing.assert_allclose(row * scale, values.sel({entity: name}).values)
    regions = [text.get_text() for text in ax.texts if text.get_fontstyle() == "italic"]
    coordinate = TIMELINE["asset_region" if entity == "asset" else "fund_region"]
    kept = coordinate.isel({entity: np.flatnonzero(TIMELINE[entity].values != "system")})
    assert regions == sorted(set(kept.values.tolist()))
    by_row = [str(coordinate.sel({entity: name}).item()) for name in row_names(ax)]
    assert by_row == sorted(by_row)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_sign_keeps_its_colour_where_it_is_alone(sign: float) -> None:
    flow = TIMELINE["forced_flow_usd"]
    both: Any = plot.heatmap(with_values(TREE, "timeline", "forced_flow_usd", flow.values * [[1.0, -1.0]]))
    alone: Any = plot.heatmap(with_values(TREE, "timeline", "forced_flow_usd", sign * abs(flow.values)))
    meshes = [ax.collections[0] for ax in (both, alone)]
    assert meshes[0].get_cmap().name == meshes[1].get_cmap().name
    for mesh in meshes:
        assert mesh.norm.vmin == -mesh.norm.vmax


def test_many_steps_have_crosses_in_place_of_numbers() -> None:
    def longer(dataset: xr.Dataset) -> xr.Dataset:
        if "step" not in dataset.dims:
            return dataset
        return dataset.isel(step=np.arange(40) % 4).assign_coords(step=("step", np.arange(1, 41)))

    tree = changed(TREE, longer)
    ax: Any = plot.heatmap(tree)
    (crosses,) = [line for line in ax.lines if line.get_marker() == "+"]
    drawn = np.array(list(cells(ax).values()))
    row, column = np.nonzero(drawn > 0)
    assert len(row) > 0
    np.testing.assert_array_equal(np.asarray(crosses.get_data()), [column, row])
    assert not [text for text in ax.texts if text.get_fontstyle() != "italic"]
    for draw in (plot.timeline, plot.leverage):
        ticks = [tick for tick in draw(tree).get_xticks() if 1 <= tick <= 40]
        assert all(tick == round(tick) for tick in ticks)
        assert len(ticks) <= 10


@pytest.mark.parametrize("by", ["asset", "region"])
def test_sales_and_purchases_are_sums_of_steps(by: Any) -> None:
    flow = TIMELINE["forced_flow_usd"].copy()
    flow.loc[{"asset": "semis", "step": 4}] = 2.5e7  # bought back at the end
    tree = with_values(TREE, "timeline", "forced_flow_usd", flow.values)
    ax: Any = plot.sales(tree, by)
    scale = next(size for size, unit in ((1e9, "bn USD"), (1e6, "m USD")) if unit in ax.get_xlabel())
    region = {"semis": "us", "bonds": "eu"}
    sold, bought, net = {}, {}, {}
    for asset in ("semis", "bonds"):
        values, row = flow.sel(asset=asset).values / scale, asset if by == "asset" else region[asset]
        sold[row], bought[row], net[row] = values[values < 0].sum(), values[values > 0].sum(), values.sum()
    names = row_names(ax)
    lengths = [(names[round(bar.get_y() + 0.31)], bar.get_width()) for bar in ax.patches]
    wanted = [(row, amount) for side in (sold, bought) for row, amount in side.items() if amount]
    assert len(wanted) > len(names)
    for (row, length), (expected_row, amount) in zip(sorted(lengths), sorted(wanted), strict=True):
        assert (row, length) == (expected_row, pytest.approx(amount))
    (diamonds,) = [line for line in ax.lines if line.get_marker() == "D"]
    assert dict(zip(names, np.asarray(diamonds.get_xdata()), strict=True)) == {
        row: pytest.approx(amount) for row, amount in net.items()
    }


def test_crowding_has_cosines_below_and_amounts_above_the_diagonal() -> None:
    ax: Any = plot.crowding(TREE)
    start, names = TREE["start"].to_dataset(), row_names(ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == names
    assert len(names) == 3
    below, upper = (np.ma.filled(mesh.get_array(), np.nan) for mesh in ax.collections)
    drawn = np.where(np.isnan(below), upper, below)
    assert not (np.isfinite(below) & np.isfinite(upper)).any()
    assert ax.collections[0].get_cmap().name != ax.collections[1].get_cmap().name
    amounts = {}
    for i, row in enumerate(names):
        for j, column in enumerate(names):
            pair = {"fund_type": row, "with_type": column}
            if i > j:
                assert drawn[i, j] == pytest.approx(start["overlap"].sel(pair).item())
            elif i < j:
                amounts[i, j] = start["liquidity_overlap_usd"].sel(pair).item()
    for (i, j), amount in amounts.items():
        assert drawn[i, j] == pytest.approx(amount / max(map(abs, amounts.values())))
    assert np.isnan(np.diag(drawn)).all()
    assert re.search(r"◣ cosine +◥ loss if the other sells, \w+ USD", ax.get_title(loc="left"))
    written = {
        (round(text.get_position()[1]), round(text.get_position()[0])): text.get_text()
        for text in ax.texts
        if text.get_text()
    }
    assert float(written[2, 0].replace("−", "-")) == pytest.approx(drawn[2, 0], abs=0.005)
    assert (0, 0) not in written


def test_similar_books_stand_side_by_side_in_any_order_of_the_file() -> None:
    tree = widened(15, 2)  # five copies of each of three funds
    alike = [[1.0 if i % 3 == j % 3 else 0.1 for j in range(15)] for i in range(15)]
    tree = with_values(tree, "start", "overlap", alike)
    for other in (tree, reordered(tree, 5)):
        kinds = [int(name.removeprefix("fund_")) % 3 for name in row_names(plot.crowding(other))]
        assert sum(a != b for a, b in pairwise(kinds)) == 2


def test_an_asset_that_bears_the_name_of_a_fund_is_another_thing() -> None:
    tree = renamed(TREE, ["asset"], lambda name: {"semis": "mid", "bonds": "zeta"}[name])
    drawn = cells(plot.heatmap(tree))
    scale = TIMELINE["forced_flow_usd"].sel(asset="semis").values / drawn["mid"]
    np.testing.assert_allclose(scale, scale[0])


def test_whiskers_of_sales_are_95_percent_of_all_errors_together() -> None:
    flow, error = (TIMELINE[f"forced_flow_usd{end}"] for end in ("", "_se"))
    tree = with_values(TREE, "timeline", "forced_flow_usd", -abs(flow.values) - 1e6)
    ax: Any = plot.sales(tree)
    scale = next(size for size, unit in ((1e9, "bn USD"), (1e6, "m USD")) if unit in ax.get_xlabel())
    for asset, (low, high) in whiskers(ax).items():
        reach = Z95 * float(error.sel(asset=asset).sum("step")) / scale
        assert (high - low) / 2 == pytest.approx(reach)


def test_the_prices_furthest_from_their_start_are_drawn() -> None:
    tree = widened(3, 40)
    price = of(tree, "timeline", "price_mean").copy()
    price.values[:] = 1.05
    price.loc[{"asset": "asset_017"}] = 0.5
    ax = plot.timeline(with_values(tree, "timeline", "price_mean", price.values), "price_mean")
    assert "asset_017" in lines(ax)
