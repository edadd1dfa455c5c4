"""`tree.stress`: figures by label."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from collected_example import FILE_ORDER, collected
from stress.results.dataset.tree import to_datatree
from stress.results.files.store import open_result, write_run
from stress.results.terminal.summary_table import summary_table

RUN = collected(detail=4000)
TREE = to_datatree(RUN)


@pytest.mark.parametrize("name", ["var", "es"])
def test_figures_by_fund_and_system(name: str) -> None:
    shown = getattr(TREE.stress, name)(0.99)
    summary = TREE["summary"].to_dataset()
    assert [*shown["fund"].values] == [*summary["fund"].values, "system"]
    np.testing.assert_array_equal(shown.values[:-1], summary[name].sel(level=0.99).values)
    assert shown.sel(fund="system").item() == summary[f"system_{name}"].sel(level=0.99).item()
    assert shown.attrs["units"] == "1"


def test_a_level_that_was_not_estimated() -> None:
    with pytest.raises(ValueError, match=r"0\.42 was not estimated; there are 0\.95"):
        TREE.stress.es(0.42)


def test_figures_keep_what_the_funds_are() -> None:
    shown = TREE.stress.es(0.99)
    assert shown.sel(fund="mid")["strategy"].item() == "macro"
    assert shown.sel(fund="system")["fund_region"].item() == ""


@pytest.mark.parametrize("by", ["fund", "asset"])
def test_contributions_sum_to_the_shortfall_of_the_system(by: str) -> None:
    shown = TREE.stress.contributions(0.99, by=by)
    assert shown.dims == (by,)
    assert shown.sum().item() == pytest.approx(TREE.stress.es(0.99).sel(fund="system").item(), rel=1e-12)
    assert shown.attrs["units"] == "1"
    with pytest.raises(ValueError, match="contributions by 'broker' are not known; there are fund, asset"):
        TREE.stress.contributions(0.99, by="broker")


@pytest.mark.parametrize("name", ["mes", "covar"])
def test_figures_of_the_tail_by_fund(name: str) -> None:
    shown = getattr(TREE.stress, name)(0.95)
    assert tuple(shown["fund"].values) == FILE_ORDER
    np.testing.assert_array_equal(shown, TREE["contributions"][name].sel(level=0.95))
    assert np.isfinite(shown).all()
    with pytest.raises(ValueError, match=r"0\.42 was not estimated; there are 0\.95"):
        getattr(TREE.stress, name)(0.42)


def test_worst_paths() -> None:
    for fund in ("system", "zeta"):
        worst = TREE.stress.tail(fund) if fund != "system" else TREE.stress.tail()
        np.testing.assert_array_equal(worst["fund_loss"], TREE["tails"]["fund_loss"].sel(fund=fund))
        assert worst["path_id"].dims == ("rank",)
    by_trough = TREE.stress.tail("zeta", by="trough")
    np.testing.assert_array_equal(by_trough["trough"], TREE["tails_by_trough"]["trough"].sel(fund="zeta"))
    with pytest.raises(ValueError, match="worst paths by 'height' are not known; there are loss, trough"):
        TREE.stress.tail(by="height")
    with pytest.raises(ValueError, match="fund 'omega' is not in the result; there are zeta, alpha, mid, system"):
        TREE.stress.tail("omega")
    with pytest.raises(ValueError, match="no group 'tails': it was run with --store summary or --worst 0"):
        to_datatree(dataclasses.replace(RUN, worst={})).stress.tail()


def test_summary_table() -> None:
    assert TREE.stress.summary_table().row_count == summary_table(TREE).row_count > 0


def test_an_opened_result_has_the_accessor(tmp_path: Path) -> None:
    write_run(TREE, {}, tmp_path, overwrite=False)
    opened = open_result(tmp_path)
    shown = opened.stress.es(0.95)
    assert [*shown["fund"].values] == [*FILE_ORDER, "system"]
    np.testing.assert_array_equal(shown.values, TREE.stress.es(0.95).values)


@pytest.mark.parametrize("module", ["stress.results.files.store", "stress.results.dataset.tree"])
def test_whatever_returns_a_tree_registers_the_accessor(module: str) -> None:
    program = f"import xarray, {module}; print(xarray.DataTree.stress.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "StressAccessor"


@pytest.mark.parametrize("name", ["var", "es", "mes", "contributions"])
def test_one_fund_or_the_system_by_name(name: str) -> None:
    figure = getattr(TREE.stress, name)
    assert figure(0.99, fund="mid").item() == figure(0.99).sel(fund="mid").item()
    whole = "es" if name in ("mes", "contributions") else name
    system = TREE["summary"][f"system_{whole}"].sel(level=0.99).item()
    assert figure(0.99, fund="system").item() == pytest.approx(system, rel=1e-12)
    with pytest.raises(ValueError, match="fund 'omega' is not in the result"):
        figure(0.99, fund="omega")


def test_what_one_fund_cannot_be_asked() -> None:
    assert TREE.stress.covar(0.95, fund="mid").item() == TREE.stress.covar(0.95).sel(fund="mid").item()
    with pytest.raises(ValueError, match="the system itself has none"):
        TREE.stress.covar(0.95, fund="system")
    with pytest.raises(ValueError, match="contributions by asset have no fund 'mid'"):
        TREE.stress.contributions(0.99, by="asset", fund="mid")


def test_the_summary_as_a_table_with_a_row_for_each_fund_and_the_system() -> None:
    table, summary = TREE.stress.summary(), TREE["summary"].to_dataset()
    assert [*table.index] == [*FILE_ORDER, "system"]
    assert table.index.name == "fund"
    assert table.loc["mid", "es_0.99"] == summary["es"].sel(fund="mid", level=0.99).item()
    assert table.loc["mid", "es_mean"] == summary["es"].sel(fund="mid", level=0).item()
    assert table.loc["system", "nav_usd"] == summary["system_nav_usd"].item()
    assert table.loc["mid", "strategy"] == "macro"
    assert table.loc["system", "strategy"] == ""
    assert "var_mean" not in table
    one = TREE.stress.summary(0.95)
    assert one.loc["system", "var"] == summary["system_var"].sel(level=0.95).item()
    assert one.loc["alpha", "prob_default"] == table.loc["alpha", "prob_default"]
    by_fund = {name for name, figure in summary.data_vars.items() if "fund" in figure.dims}
    assert set(one) == by_fund | {"strategy", "fund_region"}, "every figure of the funds is in it"
    with pytest.raises(ValueError, match=r"0\.42 was not estimated"):
        TREE.stress.summary(0.42)
