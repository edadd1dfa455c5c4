"""Trough, drawdown and the share of NAV called in the dataset, against NumPy on every path of the synthetic run."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from collected_example import GROUPS, collected
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.estimators import probability
from stress.results.statistics.few_paths import FEWEST, widened
from stress.results.statistics.simulation_output import NAV_SHARES

RUN = collected()
TREE = to_datatree(RUN)
LEVELS = (0.95, 0.99, 0.999)
assert RUN.stored is not None
METRICS = RUN.stored.metrics


def of(name: str, row: int) -> xr.DataArray:
    summary = TREE["summary"].to_dataset()
    return summary[f"system_{name}"] if row == len(GROUPS) else summary[name].sel(fund=GROUPS[row])


@pytest.mark.parametrize(
    ("name", "metric"),
    [("trough_{}", "trough"), ("trough_{}_static", "trough_static"), ("drawdown_{}", "max_drawdown")],
)
def test_var_and_es_are_those_of_the_paths(name: str, metric: str) -> None:
    for row in range(len(GROUPS) + 1):
        ordered = np.sort(METRICS[metric][row])
        paths = len(ordered)
        for level in LEVELS:
            beyond = round((1 - level) * paths)
            var, es = (of(name.format(kind), row).sel(level=level) for kind in ("var", "es"))
            assert float(var) == ordered[paths - beyond - 1]
            assert float(es) == pytest.approx(ordered[-beyond:].mean(), rel=1e-12)
        assert float(of(name.format("es"), row).sel(level=0)) == pytest.approx(ordered.mean(), rel=1e-9)


def test_the_share_called_has_a_mean_and_an_exceedance_curve() -> None:
    counts = TREE["distribution"].to_dataset()
    for kind, metric in (("called", "called_share"), ("defaulted", "defaulted_share")):
        for row, fund in enumerate((*GROUPS, "system")):
            share = METRICS[metric][row]
            assert float(of(f"{kind}_nav_share", row)) == pytest.approx(share.mean(), rel=1e-9)
            plain = share.std() / np.sqrt(len(share))
            error = float(of(f"{kind}_nav_share_se", row))
            hits = int((share != 0).sum())
            assert error == pytest.approx(widened(plain, hits if hits < len(share) / 2 else len(share)))
            assert np.isinf(error) == (hits < FEWEST)
            by_share = counts[f"{kind}_over"].sel(fund=fund)
            for least in NAV_SHARES:
                assert int(by_share.sel(nav_share=least)) == (share > least + 1e-6).sum()
            for name, least in (("10pct", 0.1), ("50pct", 0.5)):
                wilson = probability(int((share > least + 1e-6).sum()), len(share))
                found = [float(of(f"prob_{kind}_over_{name}{part}", row)) for part in ("", "_ci_low", "_ci_high")]
                assert found == [wilson.value, wilson.low, wilson.high]
    any_member = counts["called_over"].sel(nav_share=0.0).values / RUN.paths
    probability_of_any = TREE["summary"]["prob_margin_call"].sel(fund=list(counts["fund"].values[:-1]))
    np.testing.assert_allclose(any_member[:-1], np.asarray(probability_of_any))


def test_the_worst_paths_by_trough_are_others_than_those_by_the_end() -> None:
    by_trough, by_end = TREE["tails_by_trough"].to_dataset(), TREE["tails"].to_dataset()
    assert (np.diff(by_trough["trough"].values, axis=0) <= 0).all()
    assert (by_trough["trough"].values >= by_trough["fund_loss"].values).all()
    assert not by_trough["path_id"].equals(by_end["path_id"])
    assert "trough" in by_trough["rank"].attrs["long_name"]


def test_quantiles_of_the_loss_by_step() -> None:
    line = TREE["timeline"].to_dataset()
    steps = RUN.timeline.quantiles["fund_loss"].shape[0]
    for step in range(1, steps + 1):
        for fund, row in ((GROUPS[0], 0), ("system", len(GROUPS))):
            loss = RUN.sample.fund_loss[row] * step / steps
            exact = np.sort(loss)[np.ceil(np.array(line["quantile"].values) * len(loss)).astype(int) - 1]
            found = line["loss"].sel(step=step, fund=fund).values
            np.testing.assert_allclose(found, exact, rtol=0.01, atol=1e-6)
    assert np.isfinite(line["loss_se"].sel(quantile=0.5)).all()
