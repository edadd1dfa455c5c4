"""A book inside a street: what follows what, whose settings count, and that the joined scenario stands by itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import stress
from street_example import book, returns, street, toml, write
from stress.cli.app import app
from stress.compile.params import named_arrays, params_of
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.loader import load_scenario, scenario_from_document
from stress.street.inside import Inside, inside

CLI = CliRunner()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path)


def joined(folders: tuple[Path, Path], **options: object) -> tuple[Inside, Problem]:
    found = inside(folders[0], folders[1], **options)  # type: ignore[arg-type]
    return found, build_problem(found.scenario)


def test_every_rule_ties_a_name(folders: tuple[Path, Path]) -> None:
    found, problem = joined(folders)
    ties, sources = found.ties, returns()
    assert ties["IWM US"].loadings == {"small_caps": 1.0}
    assert (ties["IWM US"].explained, ties["my_tech"].loadings) == (1.0, {"tech": 1.0})
    level = 0.3 / 0.22  # of the one series that both have
    assert ties["MSFT"].loadings == {"tech": pytest.approx(0.7 * 0.3 / (level * 0.26))}
    assert ties["acme"].loadings == {"energy": pytest.approx(0.7 * 0.3 / (level * 0.2))}
    slope = np.polyfit(sources["IWM US"], sources["plain"], 1)[0]
    assert ties["plain"].loadings == {"small_caps": pytest.approx(slope, rel=1e-6)}
    assert ties["plain"].explained == pytest.approx(np.corrcoef(sources["IWM US"], sources["plain"])[0, 1] ** 2)
    assert set(ties["quiet"].loadings) == {"tech", "energy", "small_caps"}
    assert ties["EURUSD"].loadings == {}
    assert "".join(tie.grade for tie in ties.values()) == "ACCBDDA"
    own = dict(zip(problem.assets.ids, problem.assets.shock_vol, strict=True))
    assert own["plain"] == pytest.approx(0.3 * np.sqrt(1 - ties["plain"].explained))
    assert (own["IWM US"], own["EURUSD"]) == (0.0, 0.3)


def test_the_market_is_the_streets_and_the_book_is_its_own(folders: tuple[Path, Path]) -> None:
    found, problem = joined(folders)
    alone, crowd = build_problem(load_scenario(folders[0])), build_problem(load_scenario(folders[1]))
    assert (problem.steps, problem.shocks.dof, problem.impact.law) == (2, 5.0, "square_root")
    assert problem.cascade == crowd.cascade
    assert problem.assets.file_order[:2] == ("IWM US", "MSFT")
    assert problem.funds.types_file_order == ("pod", "my_crowd", "crowd")
    for old, new in (("pod", "pod"), ("crowd", "my_crowd")):
        a, b = alone.funds.ids.index(old), problem.funds.ids.index(new)
        for name in ("nav", "has_margin", "buffer"):
            assert getattr(alone.funds, name)[a] == getattr(problem.funds, name)[b]
        rates = dict(zip(alone.assets.ids, alone.funds.rates[a], strict=True))
        inside_rates = dict(zip(problem.assets.ids, problem.funds.rates[b], strict=True))
        assert all(inside_rates["my_tech" if name == "tech" else name] == rate for name, rate in rates.items())
    assert np.isfinite(problem.triggers["leverage_limit"].limit[problem.funds.ids.index("pod")])
    notes = " ".join(found.notes)
    assert "not read of scenario.toml: impact, shocks" in notes
    assert "tech is my_tech" in notes
    assert "crowd is my_crowd" in notes
    assert alone.steps != problem.steps
    assert f"horizon.steps 2 ({alone.steps} in scenario.toml)" in notes
    assert "--set horizon.steps=2" in notes
    street_rows = [problem.assets.ids.index(name) for name in crowd.assets.ids]
    np.testing.assert_array_equal(
        problem.shocks.correlation[np.ix_(street_rows, street_rows)], crowd.shocks.correlation
    )
    assert list(problem.input_hashes) == ["returns.csv", "scenario.toml", "street/scenario.toml"]


def test_the_joined_scenario_needs_neither_file(folders: tuple[Path, Path]) -> None:
    """`spec.json` holds the canonical document: whoever takes the run up gets the same numbers."""
    _, problem = joined(folders, overrides=["shocks.scale=1.5"])
    again = build_problem(scenario_from_document(problem.canonical))
    ours, theirs = (dict(named_arrays(params_of(one, 1, "float32"))) for one in (problem, again))
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name], err_msg=name)
    assert [change.key for change in problem.origin.overrides] == ["street", "shocks.scale"]


def test_proxies_by_hand(folders: tuple[Path, Path]) -> None:
    found, _ = joined(folders, proxies={"quiet": "small_caps", "EURUSD": "energy"})
    assert set(found.ties["quiet"].loadings) == {"small_caps"}
    assert "regression" in found.ties["quiet"].how
    assert found.ties["EURUSD"].loadings == {"energy": pytest.approx(0.7 * 0.22 / 0.2)}
    for proxies, says in (({"quit": "tech"}, "quiet"), ({"quiet": "tehc"}, "tech")):
        with pytest.raises(ScenarioError, match=says):
            joined(folders, proxies=proxies)


def test_prime_brokers_with_other_terms_are_refused(tmp_path: Path) -> None:
    own = scenario_from_document(book(prime_brokers={"pb_a": {"rate_factor": 1.1}}), file="mine.toml")
    _, crowd = write(tmp_path)
    with pytest.raises(ScenarioError, match=r"prime_brokers\.pb_a"):
        inside(own, crowd)


def test_a_matrix_of_the_street_and_own_draws_that_move_together(tmp_path: Path) -> None:
    """Names with a regression keep the correlation of what it leaves; a street's matrix and blend stay as they are."""
    write(tmp_path)
    matrix = [[1.0, 0.3, 0.6], [0.3, 1.0, 0.4], [0.6, 0.4, 1.0]]
    other = street(correlation={"matrix": matrix, "blend": {"matrix": matrix, "weight": 0.5}})
    crowd = build_problem(scenario_from_document(other))
    (tmp_path / "street" / "scenario.toml").write_text("\n".join(toml(other)))
    _, problem = joined((tmp_path / "book", tmp_path / "street"), proxies={"quiet": "small_caps"})
    ids = problem.assets.ids
    rows = [ids.index(name) for name in crowd.assets.ids]
    np.testing.assert_allclose(problem.shocks.correlation[np.ix_(rows, rows)], crowd.shocks.correlation, atol=1e-15)
    rest = problem.shocks.correlation[ids.index("plain"), ids.index("quiet")]
    assert 0.2 < rest < 0.6


def rewritten(folder: Path, made: dict[str, object]) -> Path:
    (folder / "scenario.toml").write_text("\n".join(toml(made)), encoding="utf-8")
    return folder


def test_options_stay_on_an_asset_under_its_new_id(folders: tuple[Path, Path]) -> None:
    own = book()
    options = {"gamma": {"tech": -2.0, "MSFT": -1.0}, "theta": {"tech": 0.002}}
    margin = {"method": "portfolio", "scenarios": [{"equity": -0.15}, {"tech": 0.2}]}
    own["funds"][0] |= options | {"margin": margin}
    rewritten(folders[0], own)
    _, problem = joined(folders)
    (pod,) = (fund for fund in problem.canonical["funds"] if fund["id"] == "pod")
    assert (set(pod["gamma"]), pod["theta"]) == ({"my_tech", "MSFT"}, {"my_tech": pytest.approx(0.002)})
    held = dict(pod["positions"])
    del own["funds"][0]["positions"], own["funds"][0]["gamma"], own["funds"][0]["theta"]
    own["funds"][0]["books"] = [{"id": "all", "share": 1.0, "positions": {"MSFT": 1.5, "tech": 0.2}} | options]
    rewritten(folders[0], own)
    (pod,) = (fund for fund in joined(folders)[1].canonical["funds"] if fund["id"] == "pod")
    assert set(pod["books"][0]["gamma"]) == {"my_tech", "MSFT"}
    assert set(pod["books"][0]["positions"]) == {"my_tech", "MSFT"} < set(held)


def test_durations_and_theta_are_of_days_where_a_day_of_the_street_has_more_steps(folders: tuple[Path, Path]) -> None:
    own, other = book(), street(horizon={"steps": 4, "steps_per_day": 2})
    own["funds"][0] |= {
        "theta": {"MSFT": 0.002},
        "margin": {"method": "portfolio", "grace_steps": 1, "scenarios": [{"equity": -0.15}]},
    }
    _, problem = joined((rewritten(folders[0], own), rewritten(folders[1], other)))
    at = problem.funds.ids.index("pod")
    assert problem.funds.grace_steps[at] == 2
    assert problem.triggers["close_out"].cure_steps[at] == 6
    (pod,) = (fund for fund in problem.canonical["funds"] if fund["id"] == "pod")
    assert pod["theta"] == {"MSFT": pytest.approx(0.001)}


def test_a_constant_of_the_street_keeps_its_blend_and_leaves_out_what_has_loadings(folders: tuple[Path, Path]) -> None:
    other = street(
        correlation={
            "constant": 0.5,
            "blend": {"matrix": [[1.0, 0.9, 0.5], [0.9, 1.0, 0.3], [0.5, 0.3, 1.0]], "weight": 0.5},
        }
    )
    plain = street()
    plain["assets"].append(plain["assets"][0] | {"id": "chips", "vol": 0.4, "loadings": {"tech": 1.0}})
    free = plain | {"correlation": {"matrix": [[1.0, 0.3, 0.6], [0.3, 1.0, 0.4], [0.6, 0.4, 1.0]]}}
    for made in (other, plain, free):
        crowd = build_problem(load_scenario(rewritten(folders[1], made)))
        _, problem = joined(folders)
        rows = [problem.assets.ids.index(name) for name in crowd.assets.ids]
        found = problem.shocks.correlation[np.ix_(rows, rows)]
        np.testing.assert_allclose(found, crowd.shocks.correlation, atol=1e-15)


def test_commands(folders: tuple[Path, Path], tmp_path: Path) -> None:
    mine, crowd = map(str, folders)
    shown = CLI.invoke(app, ["check", mine, "--street", crowd, "--paths", "0"])
    assert shown.exit_code == 0, shown.output
    assert "what each asset of yours follows in the street" in shown.output
    told = json.loads(CLI.invoke(app, ["check", mine, "--street", crowd, "--paths", "0", "--json"]).stdout)
    assert told["street"]["ties"]["MSFT"]["grade"] == "C"
    assert told["loadings"]["IWM US"] == {"small_caps": 1.0}
    for arguments, code in (
        (["--proxy", "MSFT=tech"], 2),
        (["--street", crowd, "--proxy", "MSFT"], 2),
        (["--street", crowd, "--proxy", "MSFT=nothing"], 3),
        (["--street", "nowhere"], 3),
    ):
        assert CLI.invoke(app, ["check", mine, *arguments]).exit_code == code
    planned = CLI.invoke(app, ["run", mine, "--street", crowd, "--prepare", "--out", str(tmp_path / "run")])
    assert planned.exit_code == 0, planned.output
    spec = json.loads((tmp_path / "run" / "spec.json").read_text())
    assert spec["origin"]["overrides"][0]["key"] == "street"
    assert {fund["id"] for fund in spec["scenario"]["funds"]} == {"pod", "my_crowd", "crowd"}


def test_python_takes_a_street_of_a_scenario_alone() -> None:
    with pytest.raises(ValueError, match="street and shock need a scenario"):
        stress.run(build_problem(scenario_from_document(street())), street="desk")


def test_more_names_than_a_matrix_takes(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has loadings is left out of the matrix, and a line says that residuals are not correlated."""
    few = joined(folders, proxies={"quiet": "small_caps"})[1]
    monkeypatch.setattr("stress.street.merge.MOST_NAMES", 5)
    found, problem = joined(folders, proxies={"quiet": "small_caps"})
    assert "own draws are independent" in " ".join(found.notes)
    labels = found.scenario.document["correlation"]["matrix"]
    assert set(labels) == {"tech", "energy", "small_caps", "EURUSD"}
    rows = [problem.assets.ids.index(name) for name in labels]
    block = np.ix_(rows, rows)
    np.testing.assert_array_equal(problem.shocks.correlation[block], few.shocks.correlation[block])
    plain, quiet = (problem.assets.ids.index(name) for name in ("plain", "quiet"))
    assert few.shocks.correlation[plain, quiet] > 0.2
    assert problem.shocks.correlation[plain, quiet] == 0
    again = problem.canonical["correlation"]["matrix"]
    np.testing.assert_array_equal(again, problem.shocks.correlation[np.ix_(sorted(rows), sorted(rows))])
