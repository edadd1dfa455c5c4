"""Every standard error of `summary`, `contributions` and `attribution` by its formula, on stored paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import plain_errors as plain
from chunked_run import LEVELS, chunked_run, problem, told
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.simulation_output import PathTable

Array = np.ndarray[Any, Any]
CLOSE = 1e-6
ROWS = [*problem().funds.types, "system"]
METRIC = {"": "fund_loss", "trough_": "trough", "drawdown_": "max_drawdown"}
MEANS = {  # variable -> metric, and what its error rests on
    "mean_loss": ("fund_loss", "all"),
    "expected_max_drawdown": ("max_drawdown", "all"),
    "called_nav_share": ("called_share", "calls"),
    "defaulted_nav_share": ("defaulted_share", "defaults"),
    "expected_called_usd": ("called", "rare"),
    "expected_forced_sales_usd": ("forced_sales", "rare"),
    "expected_unliquidated_usd": ("unliquidated", "rare"),
}


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return to_datatree(chunked_run())


def stored() -> PathTable:
    found = chunked_run().stored
    assert found is not None
    return found


def metric(name: str, row: int) -> Array:
    return np.asarray(stored().metrics[name][row])


def expected(table: dict[str, Callable[[int, str], float]], levels: list[str]) -> dict[str, dict[str, list[float]]]:
    """By variable and row, a number for each level."""
    return {
        name: {of: [formula(row, level) for level in levels] for row, of in enumerate(ROWS)}
        for name, formula in table.items()
    }


def compare(group: xr.Dataset, wanted: dict[str, dict[str, list[float]]]) -> set[str]:
    """The variables that were compared, funds and system."""
    seen = set()
    for name, by_row in wanted.items():
        for of, numbers in by_row.items():
            variable = f"system_{name}" if of == "system" else name
            found = group[variable] if of == "system" else group[variable].sel(fund=of)
            np.testing.assert_allclose(np.atleast_1d(found), numbers, rtol=CLOSE, err_msg=f"{name} of {of}")
            seen.add(variable)
    return seen


def by_level() -> dict[str, Callable[[int, str], float]]:
    every: dict[str, Callable[[int, str], float]] = {}
    for prefix, name in METRIC.items():
        for static in ("", "_static") if name != "max_drawdown" else ("",):
            kept = name + static

            def of_var(row: int, level: str, kept: str = kept) -> float:
                return float("nan") if level == "0" else plain.of_quantile(metric(kept, row), level)

            def of_es(row: int, level: str, kept: str = kept) -> float:
                return plain.of_shortfall(metric(kept, row), level)

            every |= {f"{prefix}var{static}_se": of_var, f"{prefix}es{static}_se": of_es}

    def both(row: int) -> tuple[Array, Array]:
        return metric("fund_loss", row), metric("fund_loss_static", row)

    return every | {
        "added_loss_se": lambda row, level: plain.of_difference(*both(row), level),
        "amplification_se": lambda row, level: plain.of_ratio(*both(row), level),
    }


def by_fund() -> dict[str, Callable[[int, str], float]]:
    nav = chunked_run().group_nav
    every: dict[str, Callable[[int, str], float]] = {}
    calls, defaults = (stored().first_call_step > 0), stored().defaulted
    hits = {"calls": calls.sum(axis=1), "defaults": defaults.sum(axis=1)}
    for variable, (name, rests_on) in MEANS.items():

        def of(row: int, _: str, variable: str = variable, name: str = name, rests_on: str = rests_on) -> float:
            values = metric(name, row) * (nav[row] if variable.endswith("_usd") else 1.0)
            return plain.of_mean(values, rests_on == "rare", int(hits[rests_on][row]) if rests_on in hits else None)

        every[f"{variable}_se"] = of
    happened = {"loss_over_20pct": stored().metrics["fund_loss"] > 0.2, "margin_call": calls, "default": defaults}
    for kind in ("called", "defaulted"):
        for word, share in (("10pct", 0.1), ("50pct", 0.5)):
            happened[f"{kind}_over_{word}"] = stored().metrics[f"{kind}_share"] > share + 1e-6
    every |= {
        f"prob_{name}_se": lambda row, _, hit=hit: plain.of_probability(hit[row])  # type: ignore[misc]
        for name, hit in happened.items()
    }
    return every


def test_summary(tree: xr.DataTree) -> None:
    table = tree["summary"].to_dataset()
    seen = compare(table, expected(by_level(), ["0", *LEVELS])) | compare(table, expected(by_fund(), ["0"]))
    brokers = [name for name in table.data_vars if str(name).startswith("broker_") and str(name).endswith("_se")]
    nav = float(chunked_run().group_nav[-1])
    for number, broker in enumerate(problem().funds.brokers):
        loss = stored().broker_loss[number] * nav
        wanted = {
            "broker_loss_mean_se": [plain.of_mean(loss, rare=True)],
            "broker_loss_prob_se": [plain.of_probability(loss > 0)],
            "broker_loss_var_se": [np.nan, *(plain.of_quantile(loss, level) for level in LEVELS)],
            "broker_loss_es_se": [
                plain.of_mean(loss, rare=True),
                *(plain.of_shortfall(loss, level) for level in LEVELS),
            ],
        }
        assert {*wanted} == {*brokers}
        for name, numbers in wanted.items():
            found = np.atleast_1d(table[name].sel(prime_broker=broker))
            np.testing.assert_allclose(found, numbers, rtol=CLOSE, err_msg=name)
    assert seen | {*brokers} == {str(name) for name in table.data_vars if str(name).endswith("_se")}
    finite = [name for name in seen if np.isfinite(table[name]).any()]
    assert len(finite) == len(seen)


def test_contributions(tree: xr.DataTree) -> None:
    table, nav = tree["contributions"].to_dataset(), chunked_run().group_nav
    weight = (nav[:-1] / nav[-1])[:, None]
    funds = weight * stored().metrics["fund_loss"][:-1]
    assets = -told().asset_pnl_usd / nav[-1]
    system = stored().metrics["fund_loss"][-1]
    names, seen = {str(name) for name in table.data_vars if str(name).endswith("_se")}, set()
    for level in LEVELS:
        at = table.sel(level=float(level), fund=ROWS[:-1], asset=list(problem().assets.ids))
        own = plain.of_contributions(funds, level)
        wanted = {
            "es_contribution_se": own,
            "mes_se": own / weight[:, 0],
            "es_contribution_by_asset_se": plain.of_contributions(assets, level),
        }
        rows: dict[str, list[float]] = {name: [] for name in ("covar", "covar_se", "delta_covar", "delta_covar_se")}
        for loss in stored().metrics["fund_loss"][:-1]:
            given = system[loss >= plain.quantile(loss, level)]
            usual = system[np.abs(loss - loss.mean()) <= loss.std()]
            few = len(given) < 100
            value, error = (np.nan, np.nan) if few else (plain.quantile(given, level), plain.of_quantile(given, level))
            rows["covar"].append(value)
            rows["covar_se"].append(error)
            rows["delta_covar"].append(value - plain.quantile(usual, level))
            rows["delta_covar_se"].append(float(np.hypot(error, plain.of_quantile(usual, level))))
        for name, numbers in {**wanted, **rows}.items():
            np.testing.assert_allclose(at[name], numbers, rtol=CLOSE, atol=1e-9, err_msg=f"{name} at {level}")
            seen.add(name)
    assert names <= seen
    assert bool(np.isfinite(table["delta_covar_se"]).any())


def test_attribution(tree: xr.DataTree) -> None:
    table, nav, funds = tree["attribution"].to_dataset(), chunked_run().group_nav, problem().funds
    sample = chunked_run().sample
    loss, static = stored().metrics["fund_loss"], stored().metrics["fund_loss_static"]
    causes = {**sample.attribution, "total": -loss}
    slices = {"all": "1", "worst_5pct": "0.05", "worst_1pct": "0.01", "worst_0.1pct": "0.001"}
    members = np.array([funds.type_of == kind for kind in range(len(funds.types))])
    by_reference = (members * funds.nav) @ told().attribution[0] / nav[:-1, None]
    np.testing.assert_allclose(sample.attribution["outside_shock"][:-1], by_reference, atol=1e-9)
    for row, of in enumerate(ROWS):
        for word, share in slices.items():
            at = table.sel(fund=of, slice=word)
            for name, values in causes.items():
                wanted = plain.of_worst(values[row], loss[row], share)
                found = float(at["contribution_se"].sel(component=name))
                assert found == pytest.approx(wanted, rel=CLOSE, abs=1e-12), (name, of, word)
            for name, values in sample.parts.items():
                wanted = plain.of_worst(values[row], loss[row], share)
                for variable, unit in (("loss_part_se", 1.0), ("loss_part_usd_se", nav[row])):
                    found = float(at[variable].sel(part=name)) / unit
                    assert found == pytest.approx(wanted, rel=CLOSE, abs=1e-12), (variable, name, of, word)
            forgone = -static[row] - sample.attribution["outside_shock"][row]
            assert float(at["forgone_by_selling_se"]) == pytest.approx(
                plain.of_worst(forgone, loss[row], share), rel=CLOSE, abs=1e-12
            )
    errors = {str(name) for name in table.data_vars if str(name).endswith("_se")}
    assert errors == {"contribution_se", "forgone_by_selling_se", "loss_part_se", "loss_part_usd_se"}
