"""How a story is put into words: lists, amounts, and which steps and rounds are worth telling."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr
from rich.console import Console

from stress.results.story.beyond import beyond_history, in_words
from stress.results.story.flows import called
from stress.results.story.items import Amounts, amounts_of, counted, joined, largest_first, listed, percent, points
from stress.results.story.page import _overview, note
from stress.results.story.steps import chosen_rounds, told_steps
from stress.results.story.summary import _called, _loss, told_of
from stress.results.terminal.cells import printable

AMOUNTS = {"fund_loss": 0.1, "nav_usd": 1e12, "called_usd": 3e11, "forced_sales_usd": 2e10}
OUTCOME = xr.Dataset({name: ("fund", [usd]) for name, usd in AMOUNTS.items()}, {"fund": ["system"]})


def test_a_story_has_one_unit_that_of_its_largest_amount() -> None:
    units = [amounts_of(xr.DataTree.from_dict({"outcome": OUTCOME * size})).unit for size in (1.0, 1e-4, 1e-8, 0.0)]
    assert units == ["bn USD", "m USD", "k USD", "bn USD"]
    assert Amounts("m USD", 1e-6).told(2.5e6) == "2.50 m USD"
    assert Amounts("m USD", 1e-6).least == pytest.approx(500)


def test_amounts_have_three_digits_and_no_exponent() -> None:
    billions = Amounts("bn USD", 1e-9)
    shown = [billions.write(usd) for usd in (0.0, 4e5, 6e5, 1.2345e7, 1.2e9, 12.34e9, 187.4e9, 1_240e9, -2.5e9)]
    assert shown == ["0", "0", "0.001", "0.012", "1.20", "12.3", "187", "1,240", "-2.50"]
    assert [percent(x) for x in (0.07524, -1e-7, 1.9897)] == ["7.52 %", "0.00 %", "198.97 %"]
    assert [points(x) for x in (0.0042, -0.0913, -1e-9)] == ["+0.42", "-9.1", "+0.00"]
    assert [counted(n, "call") for n in (0, 1, 2)] == ["0 calls", "1 call", "2 calls"]
    assert [joined("abc"[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_the_largest_are_named_and_the_others_counted() -> None:
    values = xr.DataArray([1.0, -5.0, 0.0, 3.0, 1.0], {"fund": ["b", "c", "d", "system", "a"]}, ["fund"])
    assert largest_first(values, "fund", 0.5) == [("c", -5.0), ("a", 1.0), ("b", 1.0)]
    assert largest_first(values, "fund", 0.5, ["b"])[0] == ("b", 1.0)
    items = [(name, float(10 - at)) for at, name in enumerate("abcd")]
    assert listed(items, str, 3) == "a 10.0, b 9.0, c 8.0, d 7.0", "one more is named, not counted"
    assert listed(items, str, 2) == "a 10.0, b 9.0 and 2 others (15.0)"
    assert listed(items, str, 1, total=False) == "a 10.0 and 3 others"
    assert listed(items[:1], str, 1, beside={"a": " (new)"}) == "a 10.0 (new)"
    assert listed([], str, 3) == ""


def of_prices(prices: dict[str, list[float]], kinds: list[tuple[str, str]], steps_per_day: int = 1) -> xr.DataTree:
    labels = {"asset_class": ("asset", [kind for kind, _ in kinds]), "asset_region": ("asset", [at for _, at in kinds])}
    values = {"price": (("step", "asset"), np.array(list(prices.values())).T)}
    count = len(next(iter(prices.values())))
    dataset = xr.Dataset(values, {"step": np.arange(1, count + 1), "asset": list(prices), **labels})
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs={"steps_per_day": steps_per_day}), "steps": dataset})


def test_moves_beyond_anything_recorded_are_named() -> None:
    kinds = [("crypto", "global"), ("commodity", "global"), ("equity", "us"), ("equity", "us"), ("equity", "eu")]
    prices = {
        "bitcoin": [1.0, 1.73, 1.0],  # -42 % a day later
        "gold": [0.99, 1.0, 0.9],
        "tech": [1.0, 1.0, 1.3],
        "chips": [0.1, 0.1, 0.1],
        "semis": [0.1, 0.1, 0.1],
    }
    found = beyond_history(of_prices(prices, kinds))
    assert [(one.asset, one.day) for one in found] == [("tech", 3), ("bitcoin", 2)]
    assert in_words(found[1]) == "bitcoin +73.0 % on day 2 (largest on record -37.2 %, 2020-03-12)"
    assert in_words(found[0]) == "tech +30.0 % on day 3 (largest on record +13.9 %, 2008-10-28)"


def test_days_of_several_steps_are_looked_at_from_close_to_close() -> None:
    halves = {"bitcoin": [1.35, 1.8, 1.0, 1.1, 0.5]}
    found = beyond_history(of_prices(halves, [("crypto", "global")], 2))
    assert [(one.day, round(one.move, 3)) for one in found] == [(1, 0.8)]
    assert beyond_history(of_prices({"bitcoin": [1.35, 1.0]}, [("crypto", "global")], 2)) == []
    assert beyond_history(of_prices({"bitcoin": [1.8]}, [("crypto", "global")], 2)) == []  # no day has ended


def test_a_terminal_takes_no_name_for_a_command() -> None:
    assert printable("a\x1b[31mb\nc\u202e") == "a\\x1b[31mb\\nc\\u202e"
    assert printable("Überhang 株") == "Überhang 株"


def steps(**columns: list[float]) -> xr.DataTree:
    count = len(columns["fund_loss"])
    names = ("fund_loss", "called_usd", "forced_sales_usd", "built_usd", "defaults")
    data = {name: (("step", "fund"), np.array([columns.get(name, [0.0] * count)]).T) for name in names}
    dataset = xr.Dataset(data, {"step": np.arange(1, count + 1), "fund": ["system"]})
    return xr.DataTree.from_dict({"steps": dataset})


def test_steps_with_losses_calls_trades_or_defaults_are_told() -> None:
    quiet = [0.0] * 9
    tree = steps(
        fund_loss=[0.0, 0.1, *[0.1] * 7],
        called_usd=[*quiet[:3], 1e9, *quiet[:5]],
        forced_sales_usd=[*quiet[:5], 2e9, *quiet[:3]],
        defaults=[*quiet[:7], 1.0, 1.0],
    )
    assert told_steps(tree, 4) == [2, 4, 6, 8]
    assert told_steps(tree, 20) == list(range(1, 10))
    assert told_steps(steps(fund_loss=quiet), 3) == [1, 2, 3]


@pytest.mark.parametrize(
    ("which", "told", "left"),
    [
        (None, [1, 2, 4], [3, 5]),
        ("all", [1, 2, 3, 4, 5], []),
        ("none", [], []),
        (5, [5], []),
        (9, [], []),
    ],
)
def test_rounds_with_most_of_the_trades_are_told(which: int | str | None, told: list[int], left: list[int]) -> None:
    usd = np.array([[0.0, 9.0, 5.0, 1.0, 2.0, 0.5]]).T
    data = {name: (("round", "fund"), usd) for name in ("forced_sales_usd", "built_usd")}
    rounds = xr.Dataset(data, {"round": np.arange(6), "fund": ["system"]})
    assert chosen_rounds(rounds, 5, which) == (told, left)
    assert chosen_rounds(rounds, 3, None) == ([1, 2, 3], [])


@pytest.mark.parametrize("width", [80, 120])
def test_a_step_is_one_line_of_the_overview(width: int) -> None:
    funds, asset = ["a_fund_with_quite_a_long_name", "system"], "an_asset_with_quite_a_long_name"
    figures = ("fund_loss", "fund_loss_static", "called_usd", "forced_sales_usd", "defaults")
    data: dict[str, object] = {name: (("step", "fund"), np.full((3, 2), 1e11)) for name in figures}
    data |= {name: (("step", "fund"), np.full((3, 2), -1.9897)) for name in figures[:2]}
    data |= {"outside_return": (("step", "asset"), np.full((3, 1), -0.123)), "rounds": ("step", [11, 12, 13])}
    data["defaults"] = (("step", "fund"), np.full((3, 2), 12))
    steps = xr.Dataset(data, {"step": [1, 2, 3], "fund": funds, "asset": [asset]})
    story = xr.DataTree.from_dict({"steps": steps, "outcome": OUTCOME})
    screen = Console(file=io.StringIO(), width=width, color_system=None)
    screen.print(_overview(story))
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    rule = next(i for i, line in enumerate(lines) if "───" in line)
    rows = [line.split() for line in lines[rule + 1 :] if line.strip()]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    for row in rows:
        assert row[1:5] == ["-198.97", "-198.97", "100", "100"]
        assert row[-2] == "-12.3"
        assert row[-3].startswith("an_asset")
        assert row[-1].startswith("a_fund")
        assert (row[-1] == funds[0]) == (width == 120)


def test_a_path_that_stands_for_all_is_said_to() -> None:
    attrs = {"figures_compared": 0, "recording_gap": 0.0}
    wholes = [xr.Dataset(attrs=attrs | {"paths_are_the_same": same}) for same in (0, 1)]
    said = [note(xr.DataTree.from_dict({"/": whole, "outcome": OUTCOME})) for whole in wholes]
    assert ["all its paths are the same" in text for text in said] == [False, True]


def test_a_shock_tells_first_what_its_group_loses() -> None:
    attrs = {"ranked_by": "", "shock": "shock 1", "group": "pair", "group_members": '["a", "b"]'}
    whose = told_of(xr.DataTree.from_dict({"/": xr.Dataset(attrs=attrs)}))
    assert whose == [("pair", ["a", "b"]), ("system", ["system"])]
    losses = {"nav_usd": [1e9, 3e9, 6e9, 10e9], "fund_loss": [0.5, 0.1, 0.0, 0.08], "fund_loss_static": [0.4] * 4}
    outcome = xr.Dataset({k: ("fund", v) for k, v in losses.items()}, {"fund": ["a", "b", "c", "system"]})
    said = [_loss(outcome, *whom, Amounts("bn USD", 1e-9)) for whom in whose]
    assert said[0].startswith("pair loses 0.800 bn USD, 20.00 % of start NAV; held still it would lose 40.00 %")
    assert said[1].startswith("the funds lose 0.800 bn USD, 8.00 % of start NAV; held still they would lose 40.00 %")


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (4e5, "400 k USD, from step 2 on (a): a 400"),
        (0.5, "less than 1 USD, from step 2 on (a)"),
        (2e9, "2.00 bn USD, from step 2 on (a): a 2.00"),
    ],
)
def test_a_call_by_a_hair_has_a_unit_of_its_own(usd: float, said: str) -> None:
    data = {"called_usd": ("fund", [usd, 0.0, usd]), "first_call_step": ("fund", [2, 0, 2])}
    outcome = xr.Dataset(data, {"fund": ["a", "b", "system"]})
    assert _called(outcome, 4, [], Amounts("bn USD", 1e-9)).text == said
    assert _called(outcome * 0, 4, [], Amounts("bn USD", 1e-9)).text == "nobody gets a margin call"


def test_a_call_that_is_open_already_grows_and_is_not_new() -> None:
    deficits = np.array([[[0.10, 0.2], [0.15, 0.2], [0.15, 0.2]]])  # of two members, the last moment beyond the rounds
    funds = SimpleNamespace(nav=np.array([1e9, 2e9]))
    path: Any = SimpleNamespace(
        problem=SimpleNamespace(funds=funds),
        moments=SimpleNamespace(worst=deficits),
        rounds=np.array([1]),
        age=np.array([[2, -1]]),
        size=np.array([[0.08, 0.0]]),
    )
    grown, new = called(path)
    np.testing.assert_allclose(grown[0], [[0.02e9, 0.4e9], [0.05e9, 0.0], [0.0, 0.0]])
    assert new[0].tolist() == [[False, True], [False, False], [False, False]]
