"""Closer looks at a result: the numbers shown are those of the labels asked for, and fit a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
import xarray as xr

from collected_example import ASSETS_FILE_ORDER, FILE_ORDER
from stress.results.dataset.labels import all_matching
from stress.results.terminal import views
from stress.scenarios.errors import ScenarioError
from view_example import EVERY, FLOW, RUN, TREE, replaced, text_of


def cells(text: str, name: str) -> list[str]:
    """The words of the row that is called `name`."""
    (line,) = (line for line in text.splitlines() if line.split()[:1] == [name])
    return line.split()


def shuffled() -> xr.DataTree:
    """The same result with every labelled axis the other way round, the system first."""
    turned = {}
    for name, part in TREE.children.items():
        dataset = part.to_dataset()
        turned[str(name)] = dataset.isel(
            {dim: slice(None, None, -1) for dim in ("fund", "asset") if dim in dataset.dims}
        )
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=TREE.attrs), **turned})


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("width", [80, 120])
def test_every_view_fits_the_screen(name: str, width: int) -> None:
    text = text_of(EVERY[name](TREE), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("name", EVERY)
def test_labels_and_not_positions_decide(name: str) -> None:
    def rows(tree: xr.DataTree) -> list[str]:
        document = EVERY[name](tree).document(tree)
        return sorted(json.dumps(row, sort_keys=True) for row in document["rows"])

    assert rows(shuffled()) == rows(TREE)
    if name.startswith(("sales", "contributions")):  # ordered by size
        assert sorted(text_of(EVERY[name](shuffled())).split()) == sorted(text_of(EVERY[name](TREE)).split())


def test_who_sells_semis_on_day_two_and_how_much() -> None:
    view = views.sales(TREE, RUN, assets=["semis"], steps=[2])
    text = text_of(view)
    assert "Forced flow on day 2, m USD" in text
    flow = FLOW.sel(step=2, asset="semis")
    for fund in FILE_ORDER:
        _, said = re.split(rf"\b{fund}\s+", text, maxsplit=1)
        assert float(said.split()[0]) == pytest.approx(flow.sel(fund=fund).item(), abs=6e-3)
    same_side = np.sign(flow) == np.sign(flow.sel(fund="zeta"))
    share = abs(flow.sel(fund="zeta") / flow.where(same_side).drop_sel(fund="system").sum()).item()
    assert f"{100 * share:.1f} %" in text
    places = [text.index(f" {fund} ") for fund in ("whole system", "zeta", "alpha", "mid")]
    assert places == sorted(places)  # the largest seller first: 0.6, 0.5 and -0.1 of the flow


def test_steps_stand_side_by_side_and_add_up() -> None:
    text = text_of(views.sales(TREE, RUN, assets=["semis"], funds=["alpha"]))
    numbers = [float(x) for x in cells(text, "semis")[1:]]
    flow = FLOW.sel(asset="semis", fund="alpha")
    np.testing.assert_allclose(numbers, [*flow.values.tolist(), flow.sum().item()], atol=6e-2)
    error = TREE["timeline"]["forced_flow_by_fund_usd_se"].sel(asset="semis", fund="alpha") / 1e6
    below = text.splitlines()[text.splitlines().index(next(x for x in text.splitlines() if " semis " in x)) + 1]
    assert f"±{error.sum().item():.1f} " in below
    assert "upper bound" in text


def test_many_steps_leave_the_quiet_ones_together() -> None:
    every = TREE["timeline"].to_dataset()
    line = every[[name for name in every.data_vars if "step" in every[name].dims]]
    longer = xr.concat([line, 0.1 * line, 3.0 * line], "step", data_vars="minimal").assign_coords(step=range(1, 13))
    text = text_of(views.sales(replaced("timeline", longer), RUN, assets=["semis"], funds=["alpha"]), 80)
    assert "other" in text
    *apart, rest, total = (float(x) for x in cells(text, "semis")[1:])
    assert len(apart) == 5
    assert sum(apart) + rest == pytest.approx(total, abs=0.1)
    flow = longer["forced_flow_by_fund_usd"].sel(asset="semis", fund="alpha") / 1e6
    assert total == pytest.approx(flow.sum().item(), abs=6e-2)
    np.testing.assert_allclose(sorted(map(abs, apart)), np.sort(np.abs(flow.values))[-5:], atol=6e-2)


def test_only_the_largest_assets_are_shown_unless_asked_for() -> None:
    largest = str(abs(FLOW.drop_sel(fund="system")).sum(("step", "fund")).idxmax().item())
    other = next(asset for asset in ASSETS_FILE_ORDER if asset != largest)
    view = views.sales(TREE, RUN, top=1)
    assert f" {largest} " in text_of(view)
    assert f" {other} " not in text_of(view)
    assert "1 asset with a smaller flow is not shown" in text_of(view)
    assert set(view.groups["timeline"]["asset"].values) == set(ASSETS_FILE_ORDER)  # the numbers are all there


def test_course_of_a_fund_and_of_an_asset() -> None:
    line = TREE["timeline"].to_dataset()
    text = text_of(views.timeline(TREE, RUN, "zeta"))
    (row,) = (x.split() for x in text.splitlines() if x.startswith(" day 3"))
    at = line.sel(step=3, fund="zeta")
    assert float(row[3]) == pytest.approx(at["gross_leverage"].sel(quantile=0.5).item(), abs=6e-3)
    assert float(row[7].replace(",", "")) == pytest.approx(at["forced_sales_usd"].item() / 1e9, abs=6e-2)
    assert float(row[8]) == pytest.approx(100 * at["fund_loss"].item(), abs=6e-3)
    text = text_of(views.timeline(TREE, RUN, asset="semis"))
    (row,) = (x.split() for x in text.splitlines() if x.startswith(" day 4"))
    assert float(row[3]) == pytest.approx(line["price"].sel(step=4, asset="semis", quantile=0.5).item(), abs=6e-5)
    hours = replaced("timeline", line)
    hours.attrs["steps_per_day"] = 2
    assert " step 3 " in text_of(views.timeline(hours, RUN))


def test_causes_of_losses_by_fund_and_by_slice() -> None:
    part = TREE["attribution"].to_dataset()["contribution"]
    text = text_of(views.attribution(TREE, RUN, part="worst_1pct"))
    assert "worst 1 % paths" in text
    split, causes = text.split("P&L by cause")
    numbers = [float(x) for x in cells(causes, "alpha")[1:]]
    np.testing.assert_allclose(numbers, 100 * part.sel(fund="alpha", slice="worst_1pct").values, atol=6e-2)
    *numbers, usd = (float(x) for x in cells(split, "alpha")[1:])
    parts = TREE["attribution"].to_dataset()[["loss_part", "loss_part_usd"]].sel(fund="alpha", slice="worst_1pct")
    np.testing.assert_allclose(numbers, 100 * parts["loss_part"].values, atol=6e-2)
    assert usd == pytest.approx(parts["loss_part_usd"].sel(part="total").item() / 1e9, abs=6e-2)
    one = text_of(views.attribution(TREE, RUN, "alpha"))
    (row,) = (x.split() for x in one.splitlines() if x.startswith(" others' impact"))
    np.testing.assert_allclose(
        [float(x) for x in row[2:]], 100 * part.sel(fund="alpha", component="others_impact").values, atol=6e-2
    )
    with pytest.raises(ScenarioError, match="all, worst_5pct, worst_1pct"):
        views.attribution(TREE, RUN, part="worst")


def test_worst_paths_are_named_with_the_command_that_replays_them() -> None:
    tails = TREE["tails"].to_dataset().sel(fund="mid")
    view = views.worst(TREE, "runs/my run", "mid", top=3)
    text = text_of(view)
    for rank in (1, 2, 3):
        row = cells(text, str(rank))
        assert int(row[1]) == tails["path_id"].sel(rank=rank).item() > 2**63  # all 64 bits
        assert float(row[2]) == pytest.approx(100 * tails["fund_loss"].sel(rank=rank).item(), abs=6e-3)
        assert float(row[3]) == pytest.approx(100 * tails["trough"].sel(rank=rank).item(), abs=6e-3)
    assert f"levstress replay 'runs/my run' --path {tails['path_id'].sel(rank=1).item()}" in text
    assert view.groups["tails"].sizes["rank"] == 20
    assert view.document(TREE)["rows"][0]["path_id"] > 2**63


def test_worst_paths_by_their_trough() -> None:
    tails = TREE["tails_by_trough"].to_dataset().sel(fund="mid")
    text = text_of(views.worst(TREE, RUN, "mid", top=3, by="trough"))
    assert "by their trough" in text
    for rank in (1, 2, 3):
        assert int(cells(text, str(rank))[1]) == tails["path_id"].sel(rank=rank).item()
    order = [float(cells(text, str(rank))[3]) for rank in (1, 2, 3)]
    assert order == sorted(order, reverse=True)
    with pytest.raises(ScenarioError, match="store tails"):
        views.worst(replaced("tails_by_trough", None), RUN, by="trough")


def test_contributions_add_up_to_the_risk_of_the_system() -> None:
    view = views.contributions(TREE, RUN, 0.99)
    text = text_of(view)
    shares = [float(cells(text, fund)[2]) for fund in FILE_ORDER]
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert sum(float(cells(text, asset)[2]) for asset in ASSETS_FILE_ORDER) == pytest.approx(100, abs=0.2)
    es = 100 * TREE["summary"]["system_es"].sel(level=0.99).item()
    assert f"ES 99 %, {es:.2f} % of its NAV" in text
    with pytest.raises(ScenarioError, match=r"0\.95, 0\.99, 0\.999"):
        views.contributions(TREE, RUN, 0.5)


def test_results_that_lack_something_say_what() -> None:
    line = TREE["timeline"].to_dataset()
    older = replaced("timeline", line.drop_vars("forced_flow_by_fund_usd"))
    with pytest.raises(ScenarioError, match=r"timeline/forced_flow_by_fund_usd: .* older version") as raised:
        views.sales(older, RUN)
    assert raised.value.allowed == "the same scenario run again"
    older["timeline"].attrs["note"] = "no forced flow by fund: over 1000000"
    with pytest.raises(ScenarioError, match="over 1000000"):
        views.sales(older, RUN)
    with pytest.raises(ScenarioError, match="contributions: is not in this result"):
        views.contributions(replaced("contributions", None), RUN, 0.99)
    with pytest.raises(ScenarioError, match="--store tails"):
        views.worst(replaced("tails", None), RUN)
    twice = line.assign_coords(fund=["zeta", "zeta", "mid", "system"])
    with pytest.raises(ScenarioError, match="with a label for each"):
        views.timeline(replaced("timeline", twice), RUN, "mid")
    texts = line.assign(fund_loss=line["fund_loss"].astype(str))
    with pytest.raises(ScenarioError, match="numbers by step, fund"):
        views.timeline(replaced("timeline", texts), RUN)


@pytest.mark.parametrize("name", ["[red]zeta[/red]", "\x1b[2Jzeta", "[link=http://x]zeta"])
def test_names_are_text_and_nothing_else(name: str) -> None:
    def renamed(dataset: xr.Dataset) -> xr.Dataset:
        if "fund" not in dataset.coords:
            return dataset
        return dataset.assign_coords(fund=[name if fund == "zeta" else fund for fund in dataset["fund"].values])

    parts = {str(key): renamed(part.to_dataset()) for key, part in TREE.children.items()}
    tree = xr.DataTree.from_dict({"/": xr.Dataset(attrs=TREE.attrs), **parts})
    shown = name.replace("\x1b", "\\x1b")[:20]
    for view in (views.sales(tree, RUN), views.attribution(tree, RUN), views.contributions(tree, RUN, 0.99)):
        text = text_of(view, 160)
        assert shown in text
        assert "\x1b" not in text


def test_ids_are_found_whole_or_in_part() -> None:
    known = ["semis", "Semis_hk", "tech", "semi"]
    found: dict[str, Any] = {text: all_matching([text], known, "--asset", RUN) for text in ("semi", "SEMIS", "ech")}
    assert found == {"semi": ["semi"], "SEMIS": ["semis", "Semis_hk"], "ech": ["tech"]}
    assert all_matching(["tech", "semis"], known, "--asset", RUN) == ["semis", "tech"]
    for unknown in ("", "gold"):
        with pytest.raises(ScenarioError, match="one of: semis, Semis_hk, tech, semi"):
            all_matching([unknown], known, "--asset", RUN)


def test_where_nothing_is_sold_there_is_a_sentence_in_place_of_a_table() -> None:
    line = TREE["timeline"].to_dataset()
    still = line.assign(forced_flow_by_fund_usd=line["forced_flow_by_fund_usd"] * 0)
    still.attrs["paths"] = TREE.attrs["paths"]
    assert text_of(views.sales(replaced("timeline", still), RUN)) == (
        "Nothing is sold or bought by force on any path.\n"
    )
    still.attrs["paths"] = 1000
    part = views.sales(replaced("timeline", still), RUN, assets=["semis"])
    assert (
        text_of(part) == "Nothing of what was asked for is sold or bought by force on any of the first 1,000 paths.\n"
    )
    assert part.groups["timeline"].sizes["asset"] == 1
    assert "Nothing" not in text_of(views.sales(TREE, RUN))


def test_paths_that_are_all_the_same_are_shown_once() -> None:
    tails = TREE["tails"].to_dataset()
    first = tails.isel(rank=[0] * tails.sizes["rank"]).assign_coords(rank=tails["rank"])
    same = first.assign(path_id=tails["path_id"])
    view = views.worst(replaced("tails", same), RUN, "mid", 5)
    text = text_of(view)
    assert f"All {tails.sizes['rank']} have the same figures; one of them is shown." in text
    rows = [line for line in text.splitlines() if line.split()[:1] in (["1"], ["2"])]
    assert len(rows) == 1
    assert view.groups["tails"].sizes["rank"] == tails.sizes["rank"]
    assert "same figures" not in text_of(views.worst(TREE, RUN, "mid"))
