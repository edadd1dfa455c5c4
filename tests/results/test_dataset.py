"""The dataset: names of the contract, units everywhere, file order, and numbers against plain NumPy."""

import dataclasses
import json
import math

import numpy as np
import pytest
import xarray as xr

from collected_example import ASSETS_FILE_ORDER, BROKERS_FILE_ORDER, FILE_ORDER, GROUPS, NAV, collected
from dataset_example import RUN, TREE, losses
from stress.results.dataset import coordinates
from stress.results.dataset.tree import spec_digest, to_datatree
from stress.results.dataset.units import described, description
from stress.results.statistics.few_paths import paths_that_count, widened
from stress.results.statistics.simulation_output import SimulationOutput
from tiny import make_problem


def test_groups_and_variables_are_those_of_the_contract() -> None:
    groups = {"start", "summary", "distribution", "timeline", "attribution", "contributions", "tails", "paths"}
    assert set(TREE.children) == groups | {"tails_by_trough", "tail_timeline", "diagnostics"}
    by_level = ("var", "es", "amplification", "added_loss", "broker_loss_var", "broker_loss_es")
    courses = ("trough_var", "trough_es", "drawdown_var", "drawdown_es")
    for name in (*by_level, *courses, *(f"system_{name}" for name in courses)):
        for suffix in ("", "_se", "_ci_low", "_ci_high"):
            assert TREE["summary"][name + suffix].dims[-1] == "level"
    for name in ("trough_var_static", "trough_es_static"):
        assert TREE["summary"][f"{name}_se"].dims == TREE["summary"]["es_static"].dims == ("fund", "level")
    by_fund = ("mean_loss", "prob_loss_over_20pct", "prob_margin_call", "prob_default")
    shares = tuple(f"prob_{kind}_over_{share}" for kind in ("called", "defaulted") for share in ("10pct", "50pct"))
    for name in (
        *by_fund,
        *shares,
        "called_nav_share",
        "defaulted_nav_share",
        "expected_called_usd",
        "expected_forced_sales_usd",
    ):
        assert TREE["summary"][name].dims == TREE["summary"][f"{name}_se"].dims == ("fund",)
        assert TREE["summary"][f"system_{name}"].dims == TREE["summary"][f"system_{name}_se"].dims == ()
    assert TREE["summary"]["system_es"].dims == ("level",)
    assert TREE["summary"]["broker_loss_prob"].dims == ("prime_broker",)
    assert TREE["timeline"]["gross_leverage"].dims == ("step", "quantile", "fund")
    assert TREE["timeline"]["loss"].dims == TREE["timeline"]["loss_se"].dims == ("step", "quantile", "fund")
    assert TREE["timeline"]["price_se"].dims == ("step", "quantile", "asset")
    assert TREE["timeline"]["forced_sales_usd_se"].dims == ("step", "fund")
    assert TREE["attribution"]["contribution_se"].dims == ("fund", "component", "slice")
    assert TREE["attribution"]["loss_part_usd_se"].dims == ("fund", "part", "slice")
    assert TREE["attribution"]["forgone_by_selling_se"].dims == ("fund", "slice")
    assert TREE["timeline"]["loss_part_se"].dims == ("step", "part", "fund")
    assert TREE["timeline"]["forced_sales_by_trigger_usd_se"].dims == ("step", "trigger", "fund")
    assert TREE["timeline"]["exposure_usd_se"].dims == ("step", "fund", "asset")
    assert TREE["timeline"]["retail_purchases_usd_se"].dims == ("step", "asset")
    assert TREE["tail_timeline"]["forced_flow_by_fund_usd_se"].dims == ("slice", "step", "fund", "asset")
    assert TREE["timeline"]["forced_flow_by_fund_usd"].dims == ("step", "fund", "asset")
    assert TREE["tails"]["path_id"].dims == TREE["tails_by_trough"]["path_id"].dims == ("rank", "fund")
    metrics = ("fund_loss", "fund_loss_static", "called_usd", "forced_sales_usd", "unliquidated_usd")
    courses = ("trough", "trough_static", "called_nav_share", "defaulted_nav_share")
    for name in (*metrics, *courses, "first_call_step", "defaulted", "max_drawdown"):
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
    sales = losses(fund, "forced_sales") * nav
    error = widened(sales.std() / math.sqrt(n), paths_that_count(sales.mean(), (sales**2).mean(), n))
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


def lean(run: SimulationOutput) -> SimulationOutput:
    return dataclasses.replace(run, worst={}, stored=None)


def test_groups_that_were_not_kept_are_left_out() -> None:
    assert set(to_datatree(lean(RUN)).children) == set(TREE.children) - {"tails", "tails_by_trough", "paths"}
    funds = dataclasses.replace(RUN.problem.funds, brokers=(), brokers_file_order=())
    alone = dataclasses.replace(RUN, problem=dataclasses.replace(RUN.problem, funds=funds))
    assert "broker_loss_mean" not in to_datatree(alone)["summary"]
