"""Replays of what happened, from the library, against what was observed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import xarray as xr

import stress


@cache
def replayed(name: str) -> xr.DataTree:
    return stress.run(name, paths=1, store="summary")


def test_august_2007_comes_from_one_day() -> None:
    """Contrarian spread of Khandani and Lo: -1.16, -2.83, -2.86, +5.92 %."""
    timeline = replayed("quant-2007-08")["timeline"].to_dataset()
    price = timeline["price_mean"]
    daily = price / price.shift(step=1).fillna(1.0) - 1.0
    spread = 100 * (daily.sel(asset="contrarian_long") - daily.sel(asset="contrarian_short")).values
    observed = np.array([-1.16, -2.83, -2.86, 5.92])
    assert np.array_equal(np.sign(spread[:4]), np.sign(observed))
    assert np.all(np.abs(spread[:3] / observed[:3]) > 0.5)
    assert np.all(np.abs(spread[:3] / observed[:3]) < 2.0)
    scripted = stress.build_problem(stress.load_scenario("quant-2007-08")).shocks.script
    assert np.count_nonzero(scripted) == 1, "only the subprime loss of the 7th is scripted"
    assert scripted[0].any()
    sold = -timeline["forced_flow_usd"].sel(asset="contrarian_long").values
    assert sold.argmax() == 2  # the crowd's exit peaks on the 9th


def test_archegos_costs_its_brokers_what_was_reported() -> None:
    summary = replayed("archegos-2021")["summary"].to_dataset()
    loss = summary["broker_loss_mean"] / 1e9
    assert 8.0 < float(loss.sum()) < 13.0
    reported = [5.5, 2.85, 0.91, 0.86, 0.3]
    np.testing.assert_allclose(loss.sel(prime_broker=[f"pb_{x}" for x in "abcde"]), reported, rtol=0.2)
    start = replayed("archegos-2021")["start"].to_dataset()
    assert start["held_days"].values == pytest.approx([13.75, 13.0])
    flow = -replayed("archegos-2021")["timeline"]["forced_flow_usd"].sum("asset") / 1e9
    assert float(flow.sel(step=3)) == pytest.approx(21.0, rel=0.1)  # the first day of blocks
