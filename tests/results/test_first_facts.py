"""What a reader wants to know first, by plain loops over the groups of a result."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from chunked_run import chunked_run
from stress.results.dataset.first_facts import builds, loss_at_end, lowest_mean, seller, sellers
from stress.results.dataset.tree import to_datatree


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    """With losses and trades that leave no doubt: the lowest step is the second of the system, else the first."""
    found = to_datatree(chunked_run())
    line = found["timeline"].to_dataset().copy(deep=True)
    total = line["loss_part"].transpose("part", "fund", "step").sel(part="total")
    total.values[:] = [0.3, 0.2, 0.1]
    total.sel(fund="system").values[:] = [0.1, 0.4, 0.2]
    flow = line["forced_flow_by_fund_usd"].transpose("fund", "asset", "step")
    for number, name in enumerate(line["asset"].values):
        flow.sel(fund="quant", asset=name).values[:] = [(number - 2) * 1e9, 0.5e9, 0.0]
    found["timeline"] = line
    return found


@pytest.mark.parametrize(("fund", "step", "loss"), [("system", 2, 0.4), ("quant", 1, 0.3)])
def test_the_mean_path_at_its_lowest(tree: xr.DataTree, fund: str, step: int, loss: float) -> None:
    found = lowest_mean(tree, fund)
    assert found is not None
    assert (found.step, found.total.value) == (step, loss)
    line = tree["timeline"].to_dataset().sel(step=step, fund=fund)
    assert set(found.parts) == {str(x) for x in line["part"].values} - {"total"}
    for part, figure in found.parts.items():
        assert figure.value == float(line["loss_part"].sel(part=part))
        assert figure.se == float(line["loss_part_se"].sel(part=part))


@pytest.mark.parametrize("part", ["all", "worst_5pct"])
def test_the_loss_at_the_end(tree: xr.DataTree, part: str) -> None:
    found, table = loss_at_end(tree, part, "quant"), tree["attribution"].to_dataset().sel(fund="quant", slice=part)
    assert found is not None
    assert found.step == 3
    assert found.total.value == float(table["loss_part"].sel(part="total"))
    assert found.total.value == pytest.approx(sum(x.value for x in found.parts.values()), abs=1e-9)
    assert loss_at_end(tree, "worst_half") is None


def test_what_a_fund_sells_and_buys(tree: xr.DataTree) -> None:
    """Net over the steps in bn USD: -1.5, -0.5, 0.5, 1.5, 2.5, by asset in the order of the file."""
    found, names = seller(tree, "quant"), [str(x) for x in tree["timeline"].to_dataset()["asset"].values]
    assert [(name, round(usd)) for name, usd in found.sold] == [(names[0], 1_500_000_000), (names[1], 500_000_000)]
    bought = [(names[4], 2_500_000_000), (names[3], 1_500_000_000), (names[2], 500_000_000)]
    assert [(name, round(usd)) for name, usd in found.bought] == bought
    summary = tree["summary"].to_dataset().sel(fund="quant")
    assert found.sales.value == float(summary["expected_forced_sales_usd"])
    assert found.sales.se == float(summary["expected_forced_sales_usd_se"])


def test_who_sells_most_and_why(tree: xr.DataTree) -> None:
    by_trigger = tree["timeline"].to_dataset()["forced_sales_by_trigger_usd"].sum("step")
    funds, triggers = ([str(x) for x in by_trigger[dim].values] for dim in ("fund", "trigger"))
    usd = {fund: {name: float(by_trigger.sel(fund=fund, trigger=name)) for name in triggers} for fund in funds}
    whole = {fund: sum(by_name.values()) for fund, by_name in usd.items() if fund != "system"}
    ranked = [name for name in sorted(whole, key=lambda name: -whole[name]) if whole[name] > 0]
    assert [one.fund for one in sellers(tree, 2)] == ranked[:2]
    for one in sellers(tree):
        shares = {name: amount / whole[one.fund] for name, amount in usd[one.fund].items() if amount > 0}
        assert dict(one.because) == pytest.approx(shares)
        assert np.all(np.diff([share for _, share in one.because]) <= 0)
    assert builds(tree) == (0.0, [])
