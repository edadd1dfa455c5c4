"""Paths recorded round by round against the reference on the same draws, and their sums against the path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from compilation import compiled_quickly
from recording_example import (
    ATTRS,
    PROBLEMS,
    close,
    recorded,
    recorder_for,
    recorder_of,
    story_of,
)
from sizes_of_books import one_unit_down, smaller, words
from stress.kernels.recording import record
from stress.kernels.structure import Structure
from stress.questions import recorder as recorder_module
from stress.questions.recorder import Recorder
from stress.questions.replay import largest_gap
from stress.results.plot.story import story as draw
from stress.results.story.page import story_page
from stress.results.story.summary import heading
from stress.results.story.tree import to_story
from stress.scenarios.origin import Change, Origin
from tiny import single
from twin_alone import alone
from twin_rounds import follow_rounds

ORDINARY = recorder_module._program
SIDES = ("longs_sold_usd", "shorts_covered_usd", "longs_bought_usd", "shorts_sold_usd")


@pytest.fixture(autouse=True, scope="module")
def _compiled_quickly() -> Iterator[None]:
    """Most programs here run a few times: the compiler need not try hard."""

    @cache
    def program(structure: Structure, capacity: int) -> Any:
        return jax.jit(partial(record, structure, capacity=capacity), compiler_options=compiled_quickly())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder_module, "_program", program)
        yield


@pytest.mark.parametrize("name", list(PROBLEMS)[:4])
@pytest.mark.parametrize("path", [0, 7, 23])
def test_every_round_is_that_of_the_twin(name: str, path: int) -> None:
    one = recorded(name, path)
    problem, story = one.problem, story_of(name, path)
    report, steps = follow_rounds(problem, one.draw)
    rounds, members = story["rounds"].to_dataset(), story["members"].to_dataset()
    order = [*problem.funds.types]
    of_type = np.asarray(problem.funds.type_of)[problem.books.fund_of]
    np.testing.assert_array_equal(one.rounds, report["rounds"])
    before = np.zeros(len(problem.funds.ids))
    for number, step in enumerate(steps, 1):
        assert len(step.rounds) == int(report["rounds"][number - 1]) + 1
        for at, moment in enumerate(step.rounds):
            now = rounds.sel(step=number, round=at)
            close(now["price"].sel(asset=list(problem.assets.ids)), moment.price)
            by_member = members.sel(step=number, round=at, member=list(problem.funds.ids))
            close(1.0 - by_member["loss"], moment.equity)
            close(by_member["called_usd"], moment.called - before, 1e9)
            before = moment.called
            for kind, fund in enumerate(order):
                chosen = of_type == kind
                shed, built = moment.cut[chosen] > 0, moment.cut[chosen] < 0
                traded = moment.traded[chosen]
                for side, part in zip(
                    SIDES,
                    (
                        np.minimum(traded[shed], 0.0),
                        np.maximum(traded[shed], 0.0),
                        np.maximum(traded[built], 0.0),
                        np.minimum(traded[built], 0.0),
                    ),
                    strict=True,
                ):
                    if side in now:
                        close(now[side].sel(fund=fund, asset=list(problem.assets.ids)), np.abs(part).sum(axis=0), 1e9)
                    else:
                        assert not part.any()


def test_these_paths_have_many_rounds_calls_builds_and_defaults() -> None:
    """Else the comparison with the twin says little."""
    paths = [recorded(name, path) for name in list(PROBLEMS)[:4] for path in (0, 7, 23)]
    assert max(int(one.rounds.max()) for one in paths) >= 5
    assert sum(bool(one.build.any()) for one in paths) >= 3
    assert sum(bool(one.moments.done.any()) for one in paths) >= 2
    assert sum(float(one.outcome.metrics["called"].sum()) > 0 for one in paths) >= 6
    assert any(one.defaulted.any() for one in paths)


@pytest.mark.parametrize("name", PROBLEMS)
def test_rounds_sum_to_the_path(name: str) -> None:
    for path in (0, 7):
        story = story_of(name, path)
        outcome, steps, rounds, members = (story[x].to_dataset() for x in ("outcome", "steps", "rounds", "members"))
        for amount in ("called_usd", "forced_sales_usd"):
            close(steps[amount].sum("step"), outcome[amount], 1e9)
            close(rounds[amount].sum("round"), steps[amount], 1e9)
        sold = (rounds["longs_sold_usd"] + rounds["shorts_covered_usd"]).sum("asset")
        close(sold, rounds["forced_sales_usd"].fillna(0.0), 1e9)
        close(rounds["forced_sales_by_trigger_usd"].sum("trigger"), rounds["forced_sales_usd"].fillna(0.0), 1e9)
        close(rounds["built_by_trigger_usd"].sum("trigger"), rounds["built_usd"].fillna(0.0), 1e9)
        close(-rounds["contribution"].sum(["component", "round", "step"]), outcome["fund_loss"])
        close(-steps["contribution"].sum("component").cumsum("step"), steps["fund_loss"])
        close(steps["fund_loss"].isel(step=-1), outcome["fund_loss"])
        close(steps["fund_loss_static"].isel(step=-1), outcome["fund_loss_static"])
        growth = (1.0 + rounds["price_move"].fillna(0.0)).prod("round").cumprod("step")
        close(growth, steps["price"])
        parts = [(1.0 + steps[f"{x}_return"]) for x in ("rebound", "outside", "impact")]
        close((parts[0] * parts[1] * parts[2]).cumprod("step"), steps["price"])
        for variable in ("called_usd", "forced_sales_usd", "equity_usd", "requirement_usd"):
            by_fund = members[variable].groupby("member_fund").sum(skipna=False)
            close(
                by_fund.sel(member_fund=list(steps["fund"].values[:-1])).transpose("step", "round", ...),
                rounds[variable].isel(fund=slice(None, -1)),
                1e9,
            )
            close(
                rounds[variable].isel(fund=slice(None, -1)).sum("fund", skipna=False),
                rounds[variable].sel(fund="system"),
                1e9,
            )


def test_nothing_is_said_beyond_the_last_round() -> None:
    story = story_of("long cascades, two passes", 0)
    rounds, count = story["rounds"].to_dataset(), story["steps"]["rounds"]
    beyond = rounds["round"] > count
    assert bool(beyond.any())
    for name, variable in rounds.data_vars.items():
        missing = variable.isnull().any([d for d in variable.dims if d not in ("step", "round")])
        np.testing.assert_array_equal(missing.transpose("step", "round"), beyond.transpose("step", "round"), str(name))


def test_every_variable_is_labelled() -> None:
    for group in story_of("everything, one pass", 0).children.values():
        for name, variable in group.to_dataset().variables.items():
            assert variable.attrs["units"] in {"1", "USD"}, name
            assert len(variable.attrs["long_name"]) >= 4, name
    assert {"step", "round", "fund", "asset"} <= set(story_of("everything, one pass", 0)["rounds"].dims)


@pytest.mark.parametrize(
    "name", [pytest.param("everything, one pass", marks=pytest.mark.slow), "long cascades, two passes"]
)
def test_the_recording_is_the_path(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs as users have them, in their precision."""
    monkeypatch.setattr(recorder_module, "_program", ORDINARY)
    recorder = recorder_for(PROBLEMS[name](), Recorder, precision="float32")
    for path in (0, 7, 63):
        gap, limit = largest_gap(recorder.recorded(path), "float32")
        assert gap <= limit / 10
        assert limit == 1e-6


def test_more_rounds_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a limit of rounds"
    path = next(path for path in range(30) if recorded(name, path).rounds.max() == 2)
    monkeypatch.setattr(recorder_module, "ROUNDS", 1)
    again = to_story(recorder_of(name).recorded(path), ATTRS)
    for group, node in story_of(name, path).children.items():
        xr.testing.assert_identical(node.to_dataset(), again[group].to_dataset())


def test_a_story_says_what_was_changed() -> None:
    one = recorded("a limit of rounds", 0)
    changes = (Change("shocks.scale=2", "shocks.scale", 2, 1.5),)
    problem = replace(one.problem, title="Toy", origin=Origin("toy.toml", overrides=changes))
    story = to_story(replace(one, problem=problem), ATTRS)
    assert heading(story).startswith("Toy (changed): path 0")
    assert str(story_page(story)[1]) == "scenario file toy.toml, changed: shocks.scale 1.5 -> 2"


def test_a_story_of_a_book_a_thousandth_as_large_reads_alike() -> None:
    story = story_of("a limit of rounds", 0)
    whole, part = (words(story_page(smaller(story, factor), which="all")) for factor in (1.0, 1e-3))
    assert part == one_unit_down(whole)
    assert any("bn_USD" in word for word in whole)


def test_members_are_funds_where_the_run_reports_them() -> None:
    one = recorded("long cascades, two passes", 0)
    ids, nav = one.problem.funds.ids, one.problem.funds.nav
    table = replace(
        one.outcome,
        metrics={name: np.zeros((len(ids) + 1, 1)) for name in one.outcome.metrics},
        first_call_step=np.zeros((len(ids) + 1, 1), np.int64),
        defaulted=np.zeros((len(ids) + 1, 1), bool),
    )
    by_member = replace(
        one,
        groups=ids,
        groups_file_order=ids[::-1],
        group_nav=np.append(nav, nav.sum()),
        group_of=np.arange(len(ids)),
        outcome=table,
    )
    story, by_type = to_story(by_member, ATTRS), story_of("long cascades, two passes", 0)
    assert story["rounds"].to_dataset()["fund"].values.tolist() == [*ids[::-1], "system"]
    for name in ("called_usd", "forced_sales_usd", "loss", "gross_leverage"):
        for member in ids:
            ours = story["rounds"][name].sel(fund=member).values
            np.testing.assert_array_equal(ours, by_type["members"][name].sel(member=member).values)


def test_file_order_changes_no_figure() -> None:
    one = recorded("everything, one pass", 0)
    problem = replace(
        one.problem,
        assets=replace(one.problem.assets, file_order=one.problem.assets.ids),
        funds=replace(one.problem.funds, types_file_order=one.problem.funds.types[::-1]),
    )
    other = to_story(replace(one, problem=problem, groups_file_order=one.groups[::-1]), ATTRS)
    for group, node in story_of("everything, one pass", 0).children.items():
        ours = node.to_dataset()
        theirs = other[group].to_dataset().reindex_like(ours)
        xr.testing.assert_equal(ours, theirs)


@pytest.mark.parametrize(
    ("name", "trigger"), [("leverage target", "leverage_target"), ("volatility target", "vol_target")]
)
def test_a_trigger_that_is_alone_is_the_reason_of_every_sale(name: str, trigger: str) -> None:
    story = to_story(recorder_for(alone(name)).recorded(5), ATTRS)
    because = story["rounds"]["forced_sales_by_trigger_usd"].sum(["step", "round", "fund"])
    assert float(because.sel(trigger=trigger)) > 0
    close_out = float(because.sel(trigger="close_out"))
    assert float(because.sum()) == pytest.approx(float(because.sel(trigger=trigger)) + close_out)


def test_a_call_by_hand() -> None:
    """Gross 4 on a rate of 20 %: a fall of 10 % leaves equity 0.6 against 0.72; shed until 0.6 = 1.05 x 0.2 x gross."""
    problem = single(steps=1, shocks={"model": "none", "script": np.array([[-0.1]])})
    story = to_story(recorder_for(problem).recorded(0), ATTRS)
    rounds = story["rounds"].to_dataset().sel(step=1, fund="f")
    shed = 3.6e9 - 0.6e9 / (1.05 * 0.2)
    close(rounds["called_usd"], [0.12e9, 0.0], 1e9)
    close(rounds["new_calls"], [1, 0])
    close(rounds["requirement_usd"], [0.72e9, 0.2 * (3.6e9 - shed)], 1e9)
    close(rounds["longs_sold_usd"].sel(asset="a"), [0.0, shed], 1e9)
    close(rounds["gross_leverage"], [6.0, (3.6e9 - shed) / 0.6e9])
    close(rounds["forced_sales_by_trigger_usd"].sel(trigger="margin_call"), [0.0, shed], 1e9)


def test_a_planted_difference_is_seen() -> None:
    one = recorded("long cascades, two passes", 0)
    loss = one.metrics.metrics["fund_loss"] + 1e-9
    gap, limit = largest_gap(
        replace(one, metrics=replace(one.metrics, metrics=one.metrics.metrics | {"fund_loss": loss})), "float64"
    )
    assert limit < gap < 2e-9
    flags = replace(one.metrics, defaulted=~one.metrics.defaulted)
    assert np.isinf(largest_gap(replace(one, metrics=flags), "float64")[0])
    steps = replace(one.metrics, first_call_step=one.metrics.first_call_step + 1)
    assert np.isinf(largest_gap(replace(one, metrics=steps), "float64")[0])


def test_the_picture_shows_the_story() -> None:
    tree = story_of("everything, one pass", 7)
    figure = draw(tree)
    prices, equity, leverage, calls, sales = figure.axes
    steps, rounds, outcome = (tree[name].to_dataset() for name in ("steps", "rounds", "outcome"))
    moments = int((rounds.sizes["step"] + steps["rounds"].sum()).item())
    for line in prices.lines:
        if line.get_label() in rounds["asset"].values:
            assert len(np.asarray(line.get_ydata())) == moments + 1
            end = 100 * float(steps["price"].sel(asset=line.get_label()).isel(step=-1))
            assert np.asarray(line.get_ydata())[-1] == pytest.approx(end)
    system = {line.get_label(): line for line in equity.lines}["whole system"]
    assert np.asarray(system.get_ydata())[-1] == pytest.approx(
        100 * (1 - float(outcome["fund_loss"].sel(fund="system")))
    )
    assert np.asarray(system.get_xdata())[-1] == steps.sizes["step"]
    assert len(leverage.lines) >= 2
    for ax, name in ((calls, "called_usd"), (sales, "forced_sales_usd")):
        heights = sum(bar.get_height() for bars in ax.containers for bar in bars)
        unit = {"bn USD": 1e9, "m USD": 1e6}[ax.get_ylabel().removesuffix(" per step")]
        assert heights * unit == pytest.approx(float(outcome[name].sel(fund="system")))
    assert len(draw(tree, Figure()).axes) == 5
