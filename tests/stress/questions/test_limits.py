"""`--fail-on`: limits are judged by the numbers of the result, and wrong ones refused before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from collected_example import BROKERS_FILE_ORDER, FILE_ORDER, collected
from stress.cli import app
from stress.questions.limit_grammar import COMPARISONS, IN_USD, MEASURES, OF_BROKER, PROBABILITIES, WITH_LEVEL
from stress.questions.limits import (
    Names,
    check_names,
    judge,
    names_in_problem,
    names_in_result,
    parse_limit,
)
from stress.results.dataset.tree import to_datatree
from stress.results.dataset.units import description
from stress.results.files.store import write_run
from stress.scenarios.errors import ScenarioError

TREE = to_datatree(collected(stored=False))
SUMMARY = TREE["summary"].to_dataset()


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, list(args))


def never(*args: object, **options: object) -> None:
    raise AssertionError("the run was started")


def verdict(text: str) -> Any:
    return judge([parse_limit(text)], TREE)[0]


def changed(**values: float) -> Any:
    """The example's result with other numbers for the fund `alpha` (at 99 % where there are levels)."""
    tree = TREE.copy(deep=True)
    for name, value in values.items():
        at = {"fund": "alpha", "level": 0.99}
        tree["summary"][name].loc[{dim: at[dim] for dim in tree["summary"][name].dims if dim in at}] = value
    return tree


def test_every_measure_is_a_variable_of_the_result_in_the_unit_in_which_limits_are_read() -> None:
    for measure in MEASURES:
        dims = set(SUMMARY[measure].dims)
        assert ("level" in dims) == (measure in WITH_LEVEL)
        assert ("prime_broker" in dims) == (measure in OF_BROKER)
        assert description(measure)[0] == ("USD" if measure in IN_USD else "1")
        assert (measure in PROBABILITIES) == ("prob" in measure)


def test_each_value_judged_is_the_one_of_the_summary() -> None:
    assert verdict("es(alpha, 0.99) > 1").value == SUMMARY["es"].sel(fund="alpha", level=0.99).item()
    assert verdict("es(zeta, 0.999) > 1").error == SUMMARY["es_se"].sel(fund="zeta", level=0.999).item()
    assert verdict("var(system, 0.95) > 1").value == SUMMARY["system_var"].sel(level=0.95).item()
    assert verdict("prob_margin_call(system) > 1").value == SUMMARY["system_prob_margin_call"].item()
    assert verdict("mean_loss(mid) > 1").error == SUMMARY["mean_loss_se"].sel(fund="mid").item()
    expected = SUMMARY["broker_loss_es"].sel(prime_broker="pb_a", level=0.99).item()
    assert verdict("broker_loss_es(pb_a, 0.99) > 0").value == expected > 0


@pytest.mark.parametrize(
    ("comparison", "value", "breached"),
    [
        *((">", 0.2, False), (">", 0.25, False), (">", 0.3, True)),
        *((">=", 0.2, False), (">=", 0.25, True), (">=", 0.3, True)),
        *(("<", 0.2, True), ("<", 0.25, False), ("<", 0.3, False)),
        *(("<=", 0.2, True), ("<=", 0.25, True), ("<=", 0.3, False)),
    ],
)
def test_a_limit_is_breached_when_what_it_says_holds(comparison: str, value: float, breached: bool) -> None:
    found = judge([parse_limit(f"es(alpha, 0.99) {comparison} 25 %")], changed(es=value))[0]
    assert found.breached is breached
    assert ("limit breached: " in found.line()) is breached


def test_a_value_close_to_its_limit_is_said_to_be() -> None:
    limit = [parse_limit("es(alpha, 0.99) > 25 %")]
    apart = {"es_ci_low": 0.1, "es_ci_high": 0.1}
    near = judge(limit, changed(es=0.24, es_se=0.006, **apart))[0]
    assert near.near
    assert near.line() == (
        "limit passed: es(alpha, 0.99) > 25 %: 24 %, standard error 0.6 %, limit 25 %; "
        "within 2 standard errors of the limit"
    )
    far = judge(limit, changed(es=0.24, es_se=0.004, **apart))[0]
    assert not far.near
    assert far.line().endswith("limit 25 %")
    unknown = judge(limit, changed(es=0.24, es_se=np.inf, es_ci_low=0.2, es_ci_high=np.inf))[0]
    assert unknown.line().endswith("too few paths for a standard error")
    assert unknown.document()["standard_error"] is None
    none = changed(prob_default=0, prob_default_se=0, prob_default_ci_low=0, prob_default_ci_high=0.00096)
    assert judge([parse_limit("prob_default(alpha) > 0.09 %")], none)[0].near  # no default among 4000 paths says little
    assert not judge([parse_limit("prob_default(alpha) > 0.1 %")], none)[0].near
    settled = judge(limit, changed(es=0.24, es_se=0.0, es_ci_low=0.24, es_ci_high=0.24))[0]
    assert not settled.near


def test_a_value_that_is_not_there_is_a_breach_with_its_reason() -> None:
    for comparison in COMPARISONS:
        found = judge([parse_limit(f"amplification(alpha, 0.99) {comparison} 1.5")], changed(amplification=np.nan))[0]
        assert found.breached
        assert "loses too little for a ratio, which counts as a breach" in found.line()
        document = json.loads(json.dumps(found.document(), allow_nan=False))
        assert document["value"] is None
        assert document["breached"] is True
        assert "no value" in document["reason"]


def test_amounts_are_shown_in_the_unit_of_the_limit() -> None:
    found = judge([parse_limit("expected_forced_sales_usd(alpha) > 2 bn USD")], changed(expected_forced_sales_usd=3e9))[
        0
    ]
    assert ": 3 bn USD, standard error " in found.line()
    assert ", limit 2 bn USD" in found.line()
    assert found.document()["units"] == "USD"


def test_names_that_are_not_there_are_refused_all_at_once() -> None:
    assert names_in_result(TREE) == Names(FILE_ORDER, BROKERS_FILE_ORDER, ("0.95", "0.99", "0.999"))
    problem = names_in_problem(collected().problem, members=False)
    assert (problem.funds, problem.levels) == (FILE_ORDER, ("0.95", "0.99", "0.999"))
    assert set(problem.brokers) == set(BROKERS_FILE_ORDER)
    fine = ["es(system, 0.99) > 1", "var(zeta, 0.9990) > 1", "broker_loss_mean(pb_a) > 1"]
    check_names([parse_limit(text) for text in fine], problem, "x")
    wrong = ["es(alpa, 0.98) > 1", "broker_loss_mean(alpha) > 1", "mean_loss(pb_a) > 1"]
    with pytest.raises(ScenarioError) as refused:
        check_names([parse_limit(text) for text in (*fine, *wrong)], problem, "desk")
    said = str(refused.value)
    assert "desk: limit = 'es(alpa, 0.98) > 1': unknown fund 'alpa'" in said
    assert "did you mean 'alpha'? one of: zeta, alpha, mid, system" in said
    assert "level 0.98 is not estimated" in said
    assert "unknown prime broker 'alpha'" in said
    assert "unknown fund 'pb_a'" in said


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    write_run(TREE, {}, folder, overwrite=False)
    return str(folder)


def test_show_judges_a_finished_run(directory: str) -> None:
    passed = invoke("show", directory, "--fail-on", "es(alpha, 0.99) > 1000 %")
    assert passed.exit_code == 0
    assert "limit passed: es(alpha, 0.99) > 1000 %" in passed.stderr
    two = ("--fail-on", "es(alpha, 0.99) > 1000 %", "--fail-on", "var(system, 99 %) > 0.1 %")
    breached = invoke("show", directory, "--json", *two)
    assert breached.exit_code == 6
    assert breached.stderr.count("\n") == 2
    first, second = json.loads(breached.stdout)["limits"]
    assert (first["breached"], second["breached"]) == (False, True)
    assert (second["fund"], second["level"], second["limit"]) == ("system", 0.99, 0.001)
    assert "limits" not in json.loads(invoke("show", directory, "--json").stdout)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("es(alpha) > 1", 2, "--fail-on"),
        ("import os", 2, "unknown measure"),
        ("es(alfa, 0.99) > 1", 3, "did you mean 'alpha'"),
        ("es(alpha, 0.98) > 1", 3, "level 0.98 is not estimated"),
    ],
)
def test_a_wrong_limit_ends_show_before_it_prints(text: str, code: int, said: str, directory: str) -> None:
    result = invoke("show", directory, "--fail-on", text)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("text", "code"), [("es(trend, 0.99 > 1", 2), ("es(trent, 0.99) > 1", 3), ("es(trend, 0.97) > 1", 3)]
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["run", "dry-run"])
def test_a_wrong_limit_costs_no_run(
    text: str, code: int, more: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stress.engine.runner.execute", never)
    monkeypatch.setattr("stress.engine.plan.plan", never)
    out = str(tmp_path / "out")
    result = invoke("run", "desk-calm", "--paths", "2000", "--out", out, "--fail-on", text, *more)
    assert result.exit_code == code, result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_breached_run_is_written_before_it_ends_with_6(tmp_path: Path) -> None:
    out = tmp_path / "out"
    call = ("run", "desk-calm", "--paths", "2000", "--out", str(out), "--json", "--quiet")
    result = invoke(*call, "--fail-on", "var(trend, 0.99) > 1 %", "--fail-on", "prob_default(trend) > 99 %")
    assert result.exit_code == 6
    assert (out / "result.zarr").exists()
    document = json.loads(result.stdout)
    assert [limit["breached"] for limit in document["limits"]] == [True, False]
    assert document["limits"][0]["value"] == document["funds"]["trend"]["var"]["0.99"]
    assert result.stderr.startswith("limit breached: var(trend, 0.99) > 1 %")  # --quiet keeps what passed to itself
    assert result.stderr.count("\n") == 1
