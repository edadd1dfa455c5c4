"""Flows and contributions of a whole run: the same by label whatever the order of the file; and without a draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import stress
from scenario_example import example
from stress.scenarios.read.loader import scenario_from_document


def scenario(backwards: bool) -> Any:
    document = example(
        estimation={"detail_paths": 2_048, "levels": [0.9]},
        correlation={"constant": 0.3},
        horizon={"steps": 3, "steps_per_day": 1},
        assets=[one | {"vol": 0.9} for one in example()["assets"]],
    )
    if backwards:
        for part in (document["assets"], document["funds"], *(fund.get("books", []) for fund in document["funds"])):
            part.reverse()
    return scenario_from_document(document)


def test_labels_decide_everything() -> None:
    """Funds, assets and books in another order in the file: the same bits by label, in all groups."""
    first, other = (stress.run(scenario(backwards), paths=5_000, seed=4) for backwards in (False, True))
    for dim in ("asset", "fund"):
        orders = [[str(x) for x in tree["contributions"].to_dataset()[dim].values] for tree in (first, other)]
        assert orders[0] == orders[1][::-1]
    assert bool((first["timeline"]["forced_flow_by_fund_usd"] < 0).any())
    for group in ("summary", "start", "timeline", "attribution", "contributions", "distribution", "tails"):
        one, two = (tree[group].to_dataset() for tree in (first, other))
        by_label = {dim: one[dim] for dim in one.dims if dim in one.indexes}
        xr.testing.assert_identical(one, two.sel(by_label))


def test_without_a_draw_contributions_are_the_loss_itself() -> None:
    document = example(shocks={"model": "none", "script": [{"step": 1, "moves": {"semis": "-12 %"}}]})
    tree = stress.run(scenario_from_document(document), paths=1)
    table, summary = tree["contributions"].to_dataset(), tree["summary"].to_dataset()
    for level in table["level"].values:
        at = table.sel(level=level)
        np.testing.assert_allclose(at["mes"], summary["mean_loss"], rtol=1e-5, atol=1e-7)
        for name in ("es_contribution", "es_contribution_by_asset"):
            assert float(at[name].sum()) == pytest.approx(summary["system_mean_loss"].item(), rel=1e-12)
        np.testing.assert_array_equal(at["covar"], summary["system_var"].sel(level=level).item())
        np.testing.assert_array_equal(at["delta_covar"], 0)
    errors = [str(name) for name in table.data_vars if str(name).endswith("_se")]
    assert len(errors) == 5
    for name in errors:
        np.testing.assert_array_equal(table[name], 0)
    np.testing.assert_array_equal(tree["timeline"]["forced_flow_by_fund_usd_se"].drop_sel(fund="system"), 0)
