"""Groups of funds in a whole run: sums of their funds path by path, and told like the system."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import stress
from scenario_example import example
from stress.cli.app import app
from stress.results.dataset.compared import compared
from stress.results.files.store import DamagedRun
from stress.results.fund_groups.as_result import groups_in, of_group
from stress.results.report.elements import Table
from stress.results.report.sections.headline import headline
from stress.scenarios.read.loader import scenario_from_document

CLI = CliRunner()
PATHS = 3_000
GROUPS = [
    {"id": "all of them", "funds": ["quant", "longs"]},
    {"id": "long only", "funds": ["longs"]},
    {"id": "desk", "funds": ["quant"]},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.DataTree]:
    out = tmp_path_factory.mktemp("groups") / "run"
    document = example(
        estimation={"detail_paths": 1_024, "levels": [0.9, 0.99]},
        correlation={"constant": 0.3},
        horizon={"steps": 2, "steps_per_day": 1},
        assets=[one | {"vol": 0.9} for one in example()["assets"]],
        groups=GROUPS,
    )
    stress.run(scenario_from_document(document), paths=PATHS, seed=4, out=out, store="paths")
    return out, stress.open_result(out).load()


def close(one: xr.DataArray, other: xr.DataArray) -> None:
    np.testing.assert_allclose(np.asarray(one, float), np.asarray(other, float), rtol=2e-5, atol=2e-7, err_msg=one.name)


@pytest.mark.slow
def test_a_group_of_all_funds_is_the_system_and_one_of_a_fund_is_that_fund(run: tuple[Path, xr.DataTree]) -> None:
    tree = run[1]
    groups, funds = tree["group_summary"].to_dataset(), tree["summary"].to_dataset()
    assert groups_in(tree) == ["all of them", "desk", "long only"]
    for name in set(groups.data_vars) - {"member"}:
        close(groups[name].sel(group="all of them"), funds[f"system_{name}"])
        for group, fund in (("desk", "quant"), ("long only", "longs")):
            close(groups[name].sel(group=group), funds[name].sel(fund=fund))
    for node in ("timeline", "attribution", "tails"):
        mine, theirs = tree[f"group_{node}"].to_dataset(), tree[node].to_dataset()
        for name in mine.data_vars:
            close(mine[name].sel(group="all of them"), theirs[name].sel(fund="system"))
            close(mine[name].sel(group="desk"), theirs[name].sel(fund="quant"))
    assert float(funds["es"].sel(fund="quant", level=0.99)) > 0.05


def test_losses_are_sums_in_usd_of_the_stored_paths_and_tails_their_largest(run: tuple[Path, xr.DataTree]) -> None:
    tree = run[1]
    nav = tree["summary"].to_dataset()["nav_usd"]
    usd = (tree["paths"].to_dataset()["fund_loss"] * nav).sum("fund") / nav.sum()
    worst = tree["group_tails"].to_dataset().sel(group="all of them")
    ordered = np.sort(usd.values)[::-1]
    np.testing.assert_allclose(worst["fund_loss"].values, ordered[: worst.sizes["rank"]], atol=1e-6)
    tail = ordered[: PATHS // 100].mean()
    assert float(tree["group_summary"].to_dataset()["es"].sel(group="all of them", level=0.99)) == pytest.approx(
        tail, abs=1e-6
    )
    ours, theirs = (tree[name].to_dataset()["es_contribution"] for name in ("group_contributions", "contributions"))
    close(ours.sel(group="all of them", level=0.99), theirs.sel(level=0.99))


def test_the_group_in_the_place_of_the_system(run: tuple[Path, xr.DataTree]) -> None:
    out, tree = run
    desk = of_group(tree, "desk")
    assert [str(fund) for fund in desk["summary"].to_dataset()["fund"].values] == ["quant"]
    assert float(desk["summary"].to_dataset()["system_nav_usd"]) == 10e9
    whole, mine = (one["timeline"].to_dataset()["forced_flow_by_fund_usd"] for one in (tree, desk))
    close(mine.sel(fund="system"), whole.sel(fund="quant"))
    shown = CLI.invoke(app, ["show", str(out)])
    assert "Groups of funds" in shown.output
    assert "all of them" in shown.output
    for view in ("--attribution", "--contributions", "--worst", "--timeline", "--sales"):
        found = CLI.invoke(app, ["show", str(out), "--group", "desk", view])
        assert found.exit_code == 0, found.output
        assert "\n longs " not in found.output
    told = json.loads(CLI.invoke(app, ["show", str(out), "--json"]).stdout)
    assert set(told["groups"]) == {"all of them", "desk", "long only"}
    missing = CLI.invoke(app, ["show", str(out), "--group", "dekc"])
    assert missing.exit_code == 3
    assert "desk" in missing.output


def test_a_report_has_each_group_as_it_has_the_system(run: tuple[Path, xr.DataTree]) -> None:
    tree = run[1]
    tables = {block.caption: block for block in headline(tree).blocks if isinstance(block, Table)}
    mine = {caption: table for caption, table in tables.items() if caption.startswith("Group all of them: ")}
    assert len(mine) == 3
    for caption, table in mine.items():
        told = caption.removeprefix("Group all of them: ").replace("its funds together", "all funds together")
        whole = tables[told[0].upper() + told[1:]]
        assert [row.cells for row in table.rows] == [row.cells for row in whole.rows]
        assert "whole system" not in {row.heading for row in table.rows}
    risk = next(table for caption, table in tables.items() if caption.startswith("Group desk: losses"))
    assert [row.heading for row in risk.rows] == ["quant", "group desk"]
    damaged = tree.copy()
    damaged["group_summary"] = xr.DataTree(tree["group_summary"].to_dataset().drop_vars("member"))
    with pytest.raises(DamagedRun, match="group_summary"):
        headline(damaged)


def test_a_book_alone_is_compared_with_its_group(run: tuple[Path, xr.DataTree]) -> None:
    tree = run[1]
    alone = of_group(tree, "desk")
    found = compared(alone, tree)
    assert [str(name) for name in found["fund"].values] == ["quant", "desk", "system"]
    groups = tree["group_summary"].to_dataset().sel(group="desk")
    for name in ("es", "trough_es", "mean_loss", "expected_forced_sales_usd"):
        close(found[f"{name}_b"].sel(fund="desk"), groups[name])
        assert not found[f"{name}_difference"].sel(fund="desk").any()
    assert float(found["es_difference"].sel(fund="system", level=0.99)) != 0
    both = compared(tree, tree)
    assert [str(name) for name in both["fund"].values] == [
        "quant",
        "longs",
        "all of them",
        "desk",
        "long only",
        "system",
    ]
    np.testing.assert_allclose(both["es_a"].sel(fund="all of them"), both["es_a"].sel(fund="system"), rtol=2e-5)
    assert "all of them" not in compared(alone, of_group(tree, "long only"))["fund"].values


@pytest.mark.slow
def test_paths_are_replayed_as_ever(run: tuple[Path, xr.DataTree]) -> None:
    found = CLI.invoke(app, ["replay", str(run[0]), "--worst", "1"])
    assert found.exit_code == 0, found.output
