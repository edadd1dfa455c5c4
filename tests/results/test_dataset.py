"""The dataset: names of the contract, units everywhere, file order, and numbers against plain NumPy."""

import dataclasses
import json
import math

import numpy as np
import pytest
import xarray as xr

from collected_example import ASSETS_FILE_ORDER, BROKERS_FILE_ORDER, FILE_ORDER, GROUPS, NAV, STEPS, collected
from stress.results.dataset import coordinates
from stress.results.dataset.detail import conditional_mean
from stress.results.dataset.tree import spec_digest, to_datatree
from stress.results.dataset.units import described, description
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.levels import order_rank
from stress.results.statistics.simulation_output import Collected
from tiny import make_problem

RUN = collected()
TREE = to_datatree(RUN)
SYSTEM = len(GROUPS)


def losses(fund: str, metric: str = "fund_loss") -> np.ndarray:
    assert RUN.stored is not None
    row = SYSTEM if fund == "system" else GROUPS.index(fund)
    values: np.ndarray = RUN.stored.metrics[metric][row]
    return values


def test_groups_and_variables_are_those_of_the_contract() -> None:
    groups = {"start", "summary", "distribution", "timeline", "attribution", "contributions", "tails", "paths"}
    assert set(TREE.children) == groups | {"diagnostics"}
    by_level = ("var", "es", "amplification", "added_loss", "broker_loss_var", "broker_loss_es")
    for name in by_level:
        for suffix in ("", "_se", "_ci_low", "_ci_high"):
            assert TREE["summary"][name + suffix].dims[-1] == "level"
    by_fund = ("mean_loss", "prob_loss_over_20pct", "prob_margin_call", "prob_default")
    for name in (*by_fund, "expected_called_usd", "expected_forced_sales_usd"):
        assert TREE["summary"][name].dims == TREE["summary"][f"{name}_se"].dims == ("fund",)
        assert TREE["summary"][f"system_{name}"].dims == TREE["summary"][f"system_{name}_se"].dims == ()
    assert TREE["summary"]["system_es"].dims == ("level",)
    assert TREE["summary"]["broker_loss_prob"].dims == ("prime_broker",)
    assert TREE["timeline"]["gross_leverage"].dims == ("step", "quantile", "fund")
    assert TREE["timeline"]["price_se"].dims == ("step", "quantile", "asset")
    assert TREE["timeline"]["forced_sales_usd_se"].dims == ("step", "fund")
    assert TREE["attribution"]["contribution_se"].dims == ("fund", "component", "slice")
    assert TREE["timeline"]["forced_flow_by_fund_usd"].dims == ("step", "fund", "asset")
    assert TREE["tails"]["path_id"].dims == ("rank", "fund")
    metrics = ("fund_loss", "fund_loss_static", "called_usd", "forced_sales_usd", "unliquidated_usd")
    for name in (*metrics, "first_call_step", "defaulted", "max_drawdown"):
        assert TREE["paths"][name].dims == ("path", "fund")
        assert TREE["tails"][name].dims == ("rank", "fund")
    assert TREE["paths"]["system_loss"].dims == ("path",)
    assert TREE["diagnostics"]["es"].dims == ("checkpoint", "fund", "level")


def test_every_variable_and_coordinate_has_units_and_a_long_name() -> None:
    seen = 0
    for group in TREE.subtree:
        for name, variable in group.to_dataset(inherit=False).variables.items():
            assert variable.attrs["units"], f"{group.path} {name}"
            assert variable.attrs["long_name"], f"{group.path} {name}"
            in_usd = "_usd" in str(name) or (str(name).startswith("broker_loss") and "_prob" not in str(name))
            assert (variable.attrs["units"] == "USD") == in_usd, f"{group.path} {name}"
            seen += 1
    assert seen > 150
    with pytest.raises(KeyError, match="nonsense"):
        described(xr.Dataset({"nonsense": 1}), nonsense="a long name is no unit")
    assert description("system_es_se") == ("1", f"whole system: standard error of the {description('es')[1]}")


def test_everything_is_reported_in_file_order() -> None:
    for group in ("summary", "paths", "contributions"):
        assert tuple(TREE[group].to_dataset()["fund"].values) == FILE_ORDER
    for group in ("distribution", "timeline", "attribution", "tails", "diagnostics"):
        assert tuple(TREE[group].to_dataset()["fund"].values) == (*FILE_ORDER, "system")
    for group in ("start", "timeline", "contributions"):
        assert tuple(TREE[group].to_dataset()["asset"].values) == ASSETS_FILE_ORDER
    assert tuple(TREE["summary"].to_dataset()["prime_broker"].values) == BROKERS_FILE_ORDER


def test_funds_and_assets_say_what_they_are() -> None:
    for group in ("start", "timeline", "contributions"):
        asset = TREE[group].to_dataset()["asset"].sel(asset="bonds")
        assert [asset[name].item() for name in ("asset_name", "asset_class", "asset_region")] == [
            "Government bonds",
            "rates",
            "eu",
        ]
    for group, dim in (("summary", "fund"), ("timeline", "fund"), ("contributions", "fund"), ("start", "fund_type")):
        fund = TREE[group].to_dataset()[dim].sel({dim: "mid"})
        assert [fund[name].item() for name in ("strategy", "fund_region")] == ["macro", "eu"]
    system = TREE["timeline"].to_dataset()["fund"].sel(fund="system")
    assert [system[name].item() for name in ("strategy", "fund_region")] == ["", ""]


def test_members_are_what_their_type_is() -> None:
    problem = make_problem()
    members = problem.funds.ids
    order = ("quant", "multistrat_t2", *members[:3])
    run = dataclasses.replace(RUN, problem=problem, groups=members, groups_file_order=order)
    labels = coordinates.of_funds(run, system=True)
    assert labels["fund"] == ("fund", [*order, "system"])
    assert labels["strategy"][1][:2] == ["market neutral", "multi-strategy"]


@pytest.mark.parametrize("fund", [*FILE_ORDER, "system"])
def test_summary_of_each_row_matches_numpy_by_label(fund: str) -> None:
    loss, summary = losses(fund), TREE["summary"].to_dataset()

    def get(name: str, **at: float) -> float:
        chosen = summary[f"system_{name}"] if fund == "system" else summary[name].sel(fund=fund)
        return float(chosen.sel(at).item())

    nav = NAV.sum() if fund == "system" else NAV[GROUPS.index(fund)]
    n = len(loss)
    assert get("var", level=0.99) == np.sort(loss)[math.ceil(0.99 * n) - 1]
    assert get("es", level=0.95) == pytest.approx(np.sort(loss)[-n // 20 :].mean())
    assert get("es", level=0.0) == get("mean_loss") == pytest.approx(loss.mean())
    assert math.isnan(get("var", level=0.0))
    assert get("added_loss", level=0.0) == pytest.approx((loss - losses(fund, "fund_loss_static")).mean())
    assert get("prob_loss_over_20pct") == pytest.approx((loss > 0.2).mean())
    assert get("expected_forced_sales_usd") == pytest.approx(losses(fund, "forced_sales").mean() * nav)
    error = losses(fund, "forced_sales").std() * nav / math.sqrt(n)
    assert get("expected_forced_sales_usd_se") == pytest.approx(error, rel=1e-6)
    assert get("nav_usd") == nav


def test_broker_losses_are_usd_and_by_label() -> None:
    assert RUN.stored is not None
    usd = RUN.stored.broker_loss[1] * NAV.sum()
    broker = TREE["summary"].to_dataset().sel(prime_broker="pb_b")
    assert broker["broker_loss_mean"].item() == pytest.approx(usd.mean())
    assert broker["broker_loss_es"].sel(level=0.99).item() == pytest.approx(np.sort(usd)[-40:].mean(), rel=1e-6)
    assert broker["broker_loss_prob"].item() == pytest.approx((usd > 0).mean())
    assert usd.mean() > 0


def test_distribution_counts_every_path_and_is_trimmed() -> None:
    distribution = TREE["distribution"].to_dataset()
    for series, metric in (("loss", "fund_loss"), ("loss_static", "fund_loss_static")):
        assert np.all(distribution[series].sum("bin") == RUN.paths)
        counts = distribution[series].sel(fund="zeta")
        low, high = distribution["bin_low"].values, distribution["bin_high"].values
        values = losses("zeta", metric)
        inside = int(((values >= 0.25) & (values < 0.5)).sum())
        assert int(counts[(low >= 0.25) & (high <= 0.5)].sum()) == inside > 0
    ends = (distribution["loss"] + distribution["loss_static"]).sum("fund")
    assert ends[0] > 0
    assert ends[-1] > 0


def test_forced_flow_of_funds_sums_to_that_of_all() -> None:
    line = TREE["timeline"].to_dataset()
    by_fund, whole = line["forced_flow_by_fund_usd"], line["forced_flow_usd"]
    np.testing.assert_allclose(by_fund.drop_sel(fund="system").sum("fund"), whole, rtol=1e-12)
    np.testing.assert_array_equal(by_fund.sel(fund="system"), whole)
    mean, error = RUN.timeline.flow_by_fund
    at = {"step": 2, "fund": "zeta", "asset": "semis"}
    assert by_fund.sel(at).item() == mean[1, 2, 1] != 0
    assert line["forced_flow_by_fund_usd_se"].sel(at).item() == error[1, 2, 1]


def test_a_flow_by_fund_that_is_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stress.results.dataset.detail.LARGEST_TABLE", RUN.timeline.flow_by_fund[0].size - 1)
    line = to_datatree(RUN)["timeline"].to_dataset()
    assert not [name for name in line.data_vars if "by_fund" in str(name)]
    assert "no forced flow by fund" in line.attrs["note"]
    assert "forced_flow_usd" in line


def test_timeline_by_step() -> None:
    line = TREE["timeline"].to_dataset()
    assert line["step"].values.tolist() == list(range(1, STEPS + 1))
    detail = RUN.sample.fund_loss[GROUPS.index("mid")]
    leverage = np.sort(1 + 3 / np.maximum(1 - detail, 1e-3))
    got = line["gross_leverage"].sel(step=STEPS, fund="mid", quantile=0.95).item()
    assert got == pytest.approx(leverage[math.ceil(0.95 * len(leverage)) - 1], rel=2.0**-9)
    loss, static = RUN.timeline.means["fund_loss"], RUN.timeline.means["fund_loss_static"]
    added = line["added_loss_usd"].sel(step=2, fund="zeta").item()
    zeta = GROUPS.index("zeta")
    assert line["added_loss"].sel(step=2, fund="zeta").item() * NAV[zeta] == pytest.approx(added)
    assert added == pytest.approx((loss[0] - static[0])[1, zeta] * NAV[zeta])
    ratio = line["amplification"].sel(step=2, fund="zeta").item()
    assert ratio == pytest.approx(loss[0][1, zeta] / static[0][1, zeta])
    assert line["forced_flow_usd"].sel(asset="semis", step=1).item() == RUN.timeline.means["forced_flow_usd"][0][0, 1]


@pytest.mark.parametrize("paths", [1000, 997])
def test_price_and_depth_are_the_order_statistics_of_numpy(paths: int) -> None:
    rng = np.random.default_rng(4)
    price = np.exp(0.02 * rng.standard_t(4, (STEPS, 2, paths)))
    depth = np.clip(1 - np.abs(rng.normal(0, 0.2, (STEPS, 2, paths))), 0.1, 1)
    depth[:, 1, : paths // 2 + 20] = 1.0
    line = by_step(paths, price_change=price - 1, depth_lost=1 - depth)
    for name, values in (("price", price), ("depth", depth)):
        ordered = np.sort(values, axis=-1)
        for quantile in line["quantile"].values.tolist():
            expected = ordered[..., order_rank(str(quantile), paths) - 1][:, [1, 0]]  # assets in file order
            got = line[name].sel(quantile=quantile).values
            assert np.all(np.abs(got - expected) <= 2.0**-7 * np.abs(1 - expected) + 2.0**-14)
    assert np.all(line["depth"].sel(asset="semis", quantile=[0.5, 0.75, 0.95, 0.99]) == 1)
    assert np.all(line["depth"].sel(asset="semis", quantile=0.05) < 1)


def test_depth_counts_ranks_from_the_other_side() -> None:
    depth = np.tile([0.9, 0.8, 0.6, 0.2], (STEPS, 2, 1))
    line = by_step(4, depth_lost=1 - depth)
    assert np.allclose(line["depth"].sel(quantile=0.25), 0.2, atol=0.01)
    assert np.allclose(line["depth"].sel(quantile=0.5), 0.6, atol=0.01)
    assert np.allclose(line["depth"].sel(quantile=0.75), 0.8, atol=0.01)


def test_quantiles_are_spread_over_their_bin_by_rank() -> None:
    paths = 1000
    inside = 1 + 2.0**-7 * (np.arange(paths) + 0.5) / paths  # all of them in the bin [1, 1 + 2^-7)
    line = by_step(paths, price_change=np.tile(inside, (STEPS, 2, 1)))
    for quantile in line["quantile"].values.tolist():
        expected = 1 + inside[order_rank(str(quantile), paths) - 1]
        assert np.allclose(line["price"].sel(quantile=quantile), expected, rtol=0, atol=1e-9)


def by_step(paths: int, **kept: np.ndarray) -> xr.Dataset:
    """The timeline of a run of `paths` detailed paths whose kept values (step, entity, path) are given."""
    run = collected(paths=paths, detail=paths)
    quantiles = dict(run.timeline.quantiles)
    for name, values in kept.items():
        quantiles[name] = FloatHistogram.empty(values.shape[:-1], mantissa_bits=7, lo_exp=-14, hi_exp=10)
        quantiles[name].add(values)
    timeline = dataclasses.replace(run.timeline, quantiles=quantiles)
    return to_datatree(dataclasses.replace(run, timeline=timeline))["timeline"].to_dataset()


def test_diagnostics_by_step_and_checkpoint() -> None:
    table = TREE["diagnostics"].to_dataset()
    assert table["rounds_used"].dims == ("step",)
    assert np.array_equal(table["rounds_used"], RUN.timeline.rounds)
    assert table["var"].sel(fund="zeta").values.tolist() == RUN.checkpoints["var"][:, GROUPS.index("zeta")].tolist()
    assert "prob_margin_call" not in table
    calls = np.linspace(0, 1, RUN.checkpoints["mean_loss"].size).reshape(RUN.checkpoints["mean_loss"].shape)
    marks = {name: values for name, values in RUN.checkpoints.items() if name != "var"}
    changed = dataclasses.replace(RUN, checkpoints={**marks, "prob_margin_call": calls})
    table = to_datatree(changed)["diagnostics"].to_dataset()
    assert "var" not in table
    assert table["prob_margin_call"].sel(fund="system").values.tolist() == calls[:, SYSTEM].tolist()


def test_repair_of_the_correlation_is_told() -> None:
    shocks = dataclasses.replace(RUN.problem.shocks, repair_distance=0.0012)
    tree = to_datatree(dataclasses.replace(RUN, problem=dataclasses.replace(RUN.problem, shocks=shocks)))
    assert tree.attrs["correlation_repair_distance"] == 0.0012
    assert tree["diagnostics"]["correlation_repair_distance"].item() == 0.0012
    assert TREE.attrs["correlation_repair_distance"] == 0.0


def test_quantile_errors_of_the_timeline_match_the_bootstrap() -> None:
    line, rng = TREE["timeline"].to_dataset(), np.random.default_rng(2)
    values = 1 + 3 / np.maximum(1 - RUN.sample.fund_loss[GROUPS.index("alpha")], 1e-3)
    picks = rng.choice(values, (800, len(values)))
    bootstrap = np.quantile(picks, 0.75, axis=1).std()
    error = line["gross_leverage_se"].sel(step=STEPS, fund="alpha", quantile=0.75).item()
    bin_width = 2.0 ** (2 - 9)  # of leverages from 4 to 8; the error holds the bins at both ends of its interval
    assert 0.7 * bootstrap < error < 1.3 * bootstrap + 2 * bin_width / (2 * 1.96)


def test_an_infinite_quantile_has_no_error_and_a_finite_one_has() -> None:
    quantiles = {name: histogram for name, histogram in RUN.timeline.quantiles.items()}
    shape = quantiles["gross_leverage"].shape
    infinite = type(quantiles["gross_leverage"]).empty(shape)
    values = np.tile(np.linspace(1, 2, RUN.timeline.paths), (*shape, 1))
    values[..., -100:] = np.inf
    infinite.add(values)
    timeline = dataclasses.replace(RUN.timeline, quantiles={**quantiles, "gross_leverage": infinite})
    line = to_datatree(dataclasses.replace(RUN, timeline=timeline))["timeline"].to_dataset()
    assert np.all(np.isposinf(line["gross_leverage"].sel(quantile=0.95)))
    assert np.all(np.isposinf(line["gross_leverage_se"].sel(quantile=0.95)))
    assert np.all(np.isfinite(line["gross_leverage_se"].sel(quantile=0.5)))


def test_attribution_sums_to_the_profit_and_slices_by_own_loss() -> None:
    table = TREE["attribution"].to_dataset()["contribution"]
    parts = table.drop_sel(component="total").sum("component")
    assert set(table["component"].values) == {*RUN.sample.attribution, "total"}
    xr.testing.assert_allclose(parts, table.sel(component="total", drop=True))
    own = np.sort(RUN.sample.fund_loss[GROUPS.index("alpha")])[::-1]
    assert table.sel(fund="alpha", component="total", slice="worst_1pct").item() == pytest.approx(-own[:10].mean())
    assert TREE["diagnostics"]["attribution_residual"].item() < 1e-12


def test_error_of_a_conditional_mean_matches_the_bootstrap() -> None:
    rng = np.random.default_rng(12)
    loss = rng.standard_t(5, 8000)
    other = 0.6 * loss + 0.3 * rng.normal(size=8000)
    worst = np.argsort(-loss)
    value, error = conditional_mean(other[worst], "0.05")
    assert value == pytest.approx(other[worst][:400].mean())
    draws = []
    for _ in range(400):
        pick = rng.integers(0, 8000, 8000)
        order = np.argsort(-loss[pick])[:400]
        draws.append(other[pick][order].mean())
    assert error == pytest.approx(np.std(draws), rel=0.15)


def test_tails_hold_the_worst_paths_of_each_fund() -> None:
    tails = TREE["tails"].to_dataset()
    assert RUN.stored is not None
    for fund in (*FILE_ORDER, "system"):
        order = np.argsort(-losses(fund), kind="stable")[:20]
        own = tails.sel(fund=fund)
        assert np.array_equal(own["path_id"].values, RUN.stored.path_ids[order])
        assert np.array_equal(own["fund_loss"].values, losses(fund)[order])
        nav = NAV.sum() if fund == "system" else NAV[GROUPS.index(fund)]
        assert np.allclose(own["called_usd"].values, losses(fund, "called")[order] * nav)
    assert tails["path_id"].dtype == np.uint64


def test_paths_are_labelled_by_id_and_fund() -> None:
    assert RUN.stored is not None
    paths = TREE["paths"].to_dataset()
    chosen = RUN.stored.path_ids[17]
    got = paths.sel(path=chosen, fund="alpha")
    assert got["fund_loss"].item() == losses("alpha")[17]
    assert got["forced_sales_usd"].item() == pytest.approx(losses("alpha", "forced_sales")[17] * NAV[0], rel=1e-6)
    assert paths["system_loss"].sel(path=chosen).item() == losses("system")[17]


def test_attributes_are_plain_and_json_where_a_dict_is_meant() -> None:
    assert TREE.attrs["spec_sha256"] == spec_digest(RUN.problem.canonical)
    assert json.loads(TREE.attrs["input_hashes"]) == RUN.problem.input_hashes
    assert json.loads(TREE.attrs["seconds"]) == {"compile": 1.5, "simulate": 2.0}
    assert "positive = loss" in json.loads(TREE.attrs["conventions"])["loss"]
    assert TREE.attrs["seed"] == 7
    assert TREE.attrs["paths"] == 4000
    assert all(isinstance(value, str | int | float | bool) for value in TREE.attrs.values())
    assert spec_digest({"b": 1, "a": 2}) == spec_digest({"a": 2, "b": 1}) != spec_digest({"a": 1, "b": 2})


def test_short_tails_change_the_numbers_by_less_than_the_width_of_a_bin() -> None:
    short = to_datatree(collected(kept=30))["summary"].to_dataset()
    full = TREE["summary"].to_dataset()
    for name in ("var", "es", "amplification"):
        assert np.allclose(short[name].sel(level=[0.95, 0.99]), full[name].sel(level=[0.95, 0.99]), rtol=2.0**-8)
    assert np.allclose(short["amplification_se"].sel(level=0.95), full["amplification_se"].sel(level=0.95), rtol=0.6)


@pytest.mark.parametrize("paths", [1, 50])
def test_without_a_draw_nothing_is_uncertain(paths: int) -> None:
    tree = to_datatree(collected(paths=paths, detail=paths, worst=1, model="none"))
    summary = tree["summary"].to_dataset()
    for name in ("var", "es", "added_loss"):
        assert np.all(summary[f"{name}_se"].sel(level=0.99) == 0)
        assert np.array_equal(summary[f"{name}_ci_high"].sel(level=0.99), summary[name].sel(level=0.99))
    assert np.all(summary["prob_margin_call_se"] == 0)
    assert np.all(tree["attribution"]["contribution_se"] == 0)
    line = tree["timeline"].to_dataset()
    for key in line.data_vars:  # but for NaN, an amplification of nothing
        if str(key).endswith("_se") and "leverage" not in str(key):
            assert float(abs(line[key]).max()) == 0, key
    assert np.all(line["gross_leverage_se"] <= 2.0**-9 * line["gross_leverage"])
    for name in ("price", "depth"):
        assert np.all(line[f"{name}_se"] == 0)
        assert np.array_equal(line[name].sel(quantile=0.05), line[f"{name}_mean"])


def lean(run: Collected) -> Collected:
    return dataclasses.replace(run, worst={}, stored=None)


def test_groups_that_were_not_kept_are_left_out() -> None:
    assert set(to_datatree(lean(RUN)).children) == set(TREE.children) - {"tails", "paths"}
    funds = dataclasses.replace(RUN.problem.funds, brokers=(), brokers_file_order=())
    alone = dataclasses.replace(RUN, problem=dataclasses.replace(RUN.problem, funds=funds))
    assert "broker_loss_mean" not in to_datatree(alone)["summary"]
