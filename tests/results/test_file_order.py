"""The order of funds, assets and brokers in the file orders the dataset and changes no number of any of them."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import xarray as xr

from collected_example import ASSETS, BROKERS, GROUPS, NAV
from dataset_example import RUN, TREE, losses
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import SimulationOutput

ENTITIES = ("fund", "fund_type", "with_type", "asset", "prime_broker")


def in_order(run: SimulationOutput, funds: tuple[str, ...], backwards: bool) -> SimulationOutput:
    """The same run of a file with its entities in another order."""
    assets, brokers = (x[::-1] if backwards else x for x in (tuple(ASSETS), tuple(BROKERS)))
    problem = dataclasses.replace(
        run.problem,
        assets=dataclasses.replace(run.problem.assets, file_order=assets),
        funds=dataclasses.replace(run.problem.funds, types_file_order=funds, brokers_file_order=brokers),
    )
    return dataclasses.replace(run, problem=problem, groups_file_order=funds)


@pytest.mark.parametrize("funds", list(itertools.permutations(GROUPS)))
def test_each_label_keeps_its_numbers_in_any_order_of_the_file(funds: tuple[str, ...]) -> None:
    tree = to_datatree(in_order(RUN, funds, backwards=funds[0] != "alpha"))
    assert set(tree.children) == set(TREE.children)
    assert tree["summary"].to_dataset()["fund"].values.tolist() == list(funds)
    for name, group in TREE.children.items():
        before, after = group.to_dataset(), tree[str(name)].to_dataset()
        labels = {dim: before[dim].values for dim in ENTITIES if dim in before.dims}
        xr.testing.assert_equal(after.sel(labels), before)


def test_every_figure_of_a_path_is_its_funds_own() -> None:
    paths, stored = TREE["paths"].to_dataset(), RUN.stored
    assert stored is not None
    shares = {"fund_loss": "fund_loss", "fund_loss_static": "fund_loss_static", "max_drawdown": "max_drawdown"}
    shares |= {"trough": "trough", "called_nav_share": "called_share", "defaulted_nav_share": "defaulted_share"}
    amounts = {"called_usd": "called", "forced_sales_usd": "forced_sales", "unliquidated_usd": "unliquidated"}
    for row, fund in enumerate(GROUPS):
        mine = paths.sel(fund=fund)
        for name, metric in (shares | amounts).items():
            unit = NAV[row] if name in amounts else 1.0
            np.testing.assert_allclose(mine[name].values, losses(fund, metric) * unit, rtol=1e-6, err_msg=name)
        np.testing.assert_array_equal(mine["first_call_step"].values, stored.first_call_step[row])
        np.testing.assert_array_equal(mine["defaulted"].values, stored.defaulted[row])
    for name, metric in (("system_loss", "fund_loss"), ("system_trough", "trough")):
        np.testing.assert_allclose(paths[name].values, losses("system", metric), rtol=1e-6)
