"""The picture of a path: every line and every bar is the fund or asset that its legend names, the largest in USD."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from recording_example import story_of
from stress.results.plot.story import story as draw

TREE = story_of("everything, one pass", 7)
STEPS, ROUNDS, OUTCOME = (TREE[name].to_dataset() for name in ("steps", "rounds", "outcome"))
PANELS = dict(zip(("price", "equity", "leverage", "called_usd", "forced_sales_usd"), draw(TREE).axes, strict=True))


def label(name: str) -> str:
    return "whole system" if name == "system" else name


def moments(values: Any) -> np.ndarray:
    """(step, round) after the shock and each round of trades, one after the other."""
    count = STEPS["rounds"].values.tolist()
    return np.concatenate([row[: rounds + 1] for row, rounds in zip(values.values, count, strict=True)])


def lines(panel: str) -> dict[str, np.ndarray]:
    named = [line for line in PANELS[panel].lines if not str(line.get_label()).startswith("_")]
    return {str(line.get_label()): np.asarray(line.get_ydata(), np.float64) for line in named}


def test_lines_are_those_of_their_names() -> None:
    prices, equity, leverage = (lines(panel) for panel in ("price", "equity", "leverage"))
    assert set(prices) == set(ROUNDS["asset"].values)
    for asset, drawn in prices.items():
        np.testing.assert_allclose(drawn, np.append(100, 100 * moments(ROUNDS["price"].sel(asset=asset))))
    funds = [str(fund) for fund in ROUNDS["fund"].values]
    assert set(equity) == set(leverage) == set(map(label, funds))
    for fund in funds:
        one = ROUNDS.sel(fund=fund)
        np.testing.assert_allclose(equity[label(fund)], np.append(100, 100 * (1 - moments(one["loss"]))))
        gross = moments(one["gross_leverage"])
        there = np.where(np.isfinite(gross) & (gross > 0), gross, np.nan)
        np.testing.assert_allclose(leverage[label(fund)], there)


def test_one_fund_has_one_colour_in_every_panel() -> None:
    of_lines = {str(line.get_label()): line.get_color() for line in PANELS["equity"].lines}
    assert len({of_lines[fund] for fund in lines("equity")}) == len(lines("equity"))
    for panel in ("called_usd", "forced_sales_usd"):
        for bars in PANELS[panel].containers:
            assert bars[0].get_facecolor()[:3] == pytest.approx(to_rgb(of_lines[str(bars.get_label())]))


@pytest.mark.parametrize("name", ["called_usd", "forced_sales_usd"])
def test_bars_are_those_of_their_names(name: str) -> None:
    ax, single = PANELS[name], STEPS[name].drop_sel(fund="system")
    unit = {"bn USD": 1e9, "m USD": 1e6}[ax.get_ylabel().removesuffix(" per step")]
    drawn = {str(bars.get_label()): np.array([unit * bar.get_height() for bar in bars]) for bars in ax.containers}
    assert set(drawn) == {str(fund) for fund in single["fund"].values if single.sel(fund=fund).any()}
    for fund, heights in drawn.items():
        np.testing.assert_allclose(heights, single.sel(fund=fund).values)
    total = single.sum("step")
    assert list(drawn) == sorted(drawn, key=lambda fund: -float(total.sel(fund=fund)))


def test_funds_are_named_in_turns_by_what_they_lose_and_what_they_sell_in_usd() -> None:
    single = OUTCOME.drop_sel(fund="system")
    lost, sold = (single["fund_loss"] * single["nav_usd"]).clip(min=0), single["forced_sales_usd"]
    by_size = [single["fund"].values[np.lexsort((single["fund"].values, -of.values))].tolist() for of in (lost, sold)]
    fractions = single["fund_loss"].values
    assert by_size[0][0] != str(single["fund"].values[int(np.argmax(fractions))])  # a smaller one loses more of its NAV
    turns = list(dict.fromkeys(chain.from_iterable(zip(*by_size, strict=True))))
    assert list(lines("equity")) == [*turns, "whole system"]
