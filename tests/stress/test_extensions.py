"""A trigger and an impact law from outside: the worked example of CONTRIBUTING.md, as it stands there."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import xarray as xr

import stress
from extension_example import ADV, FALL, LOSS, SHARE, STEEPNESS, VOL, document, source
from scenario_example import example, problem_of, refused
from stress.compile.extensions import register_trigger, registered, unregister
from stress.compile.structure import structure_of
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.extensions import VARIABLE, load_extensions
from stress.scenarios.read.loader import scenario_from_document
from stress.scenarios.schema.scenario import json_schema

MODULE = "investors_of_the_example"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the module is."""
    path = tmp_path_factory.mktemp("extension")
    (path / f"{MODULE}.py").write_text(source(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def investors(folder: Path) -> Iterator[ModuleType]:
    """The module, registered while this file's tests run."""
    sys.path.insert(0, str(folder))
    try:
        yield import_module(MODULE)
    finally:
        sys.path.remove(str(folder))
        for extension in registered():
            unregister(extension.name)
        sys.modules.pop(MODULE, None)


@pytest.fixture(scope="module")
def finished(investors: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with both, for those who read it: their programs are not kept, and each run compiles them."""
    out = tmp_path_factory.mktemp("finished") / "run"
    stress.run(problem("gaussian"), paths=2_000, precision="float64", out=out)
    return out


def problem(model: str = "none", **more: Any) -> Any:
    return stress.build_problem(scenario_from_document(document(model, **more)))


def by_hand() -> tuple[list[float], list[float], float]:
    """Sales in USD by step, prices, and the loss over NAV."""
    held, price, equity, flow, sold, prices = 4e9, 1.0 - FALL, 2e9 - FALL * 4e9, 0.0, [], []
    for _ in range(3):
        cut = SHARE * held if 1 - equity / 2e9 >= LOSS else 0.0
        moved = [STEEPNESS * VOL / math.sqrt(252) * -math.log1p(-q / ADV) if q else 0.0 for q in (flow, flow - cut)]
        after = price * math.exp(moved[1] - moved[0])
        sold.append(cut * price)
        equity += (held - cut) * (after - price) + cut * 0.5 * (after - price)
        held, flow, price = held - cut, flow - cut, after
        prices.append(price)
    return sold, prices, 1 - equity / 2e9


@pytest.mark.usefixtures("investors")
def test_sales_prices_and_losses_are_those_by_hand() -> None:
    tree = stress.run(problem(), paths=100, precision="float64")
    timeline, sold, prices, loss = tree["timeline"].to_dataset(), *by_hand()
    np.testing.assert_allclose(timeline["forced_sales_usd"].sel(fund="f"), sold, rtol=1e-12)
    np.testing.assert_allclose(timeline["price_mean"].sel(asset="a"), prices, rtol=1e-12)
    assert float(tree["summary"]["mean_loss"].sel(fund="f")) == pytest.approx(loss, rel=1e-9)
    assert float(tree["summary"]["system_mean_loss"]) > 0.1


@pytest.mark.slow
def test_the_attribution_adds_up(finished: Path) -> None:
    parts = stress.open_result(finished)["attribution"]["contribution"].sel(fund="f", slice="all")
    total = float(parts.sel(component="total"))
    assert float(parts.sum("component")) - total == pytest.approx(total, abs=1e-13)
    assert float(parts.sel(component="own_impact")) < -1e-4
    assert float(parts.sel(component="retail_offset")) == 0.0


@pytest.mark.slow
@pytest.mark.usefixtures("investors")
def test_paths_without_an_alarm_are_those_that_nobody_sells_on() -> None:
    """In two passes as in one, in which every path goes through the cascade."""
    quiet = problem("gaussian", shocks={"model": "gaussian"})
    two = stress.run(quiet, paths=3_000, store="paths")
    sold = np.asarray(two["paths"]["forced_sales_usd"].sel(fund="f"))
    assert 0.05 < float(np.mean(sold > 0)) < 0.95
    nobody = {"per_percent": 1.0, "cap": 0.0, "budget": 0.0, "weights": {"a": 1.0}}
    one = stress.run(problem("gaussian", shocks={"model": "gaussian"}, retail=nobody), paths=3_000, store="paths")
    for name in ("fund_loss", "forced_sales_usd"):
        np.testing.assert_allclose(two["paths"][name], one["paths"][name], rtol=2e-6, atol=1e-7)


@pytest.mark.slow
def test_a_replay_says_why(finished: Path) -> None:
    story = stress.replay(finished, fund="f")
    asked = story["rounds"]["forced_sales_by_trigger_usd"].sel(fund="f").sum(["step", "round"])
    assert float(asked.sel(trigger="redemptions")) == pytest.approx(float(asked.sum()))
    assert float(asked.sum()) > 1e8
    assert isinstance(story, xr.DataTree)


@pytest.mark.usefixtures("investors")
def test_keys_are_inherited_checked_and_in_the_schema() -> None:
    own = document()
    own["funds"].append(own["funds"][0] | {"id": "g", "triggers": {"redemption_share": 0.5}})
    table = stress.build_problem(scenario_from_document(own)).triggers["redemptions"]
    assert (table.loss.tolist(), table.share.tolist()) == ([LOSS, LOSS], [SHARE, 0.5])
    refused(document(triggers={"redemption_loss": 2.0}), "triggers.redemption_loss", "is not allowed")
    refused(document(impact={"law": "square_root", "steepness": 1.0}), "impact.steepness", "the law logarithmic")
    schema = json.dumps(json_schema())
    assert "redemption_loss" in schema
    assert '"logarithmic"' in schema


@pytest.mark.usefixtures("investors")
def test_who_does_not_use_them_is_not_touched() -> None:
    plain = problem_of(example())
    assert "redemptions" not in plain.triggers
    assert not any("redemption" in json.dumps(part) for part in plain.canonical["funds"])
    assert structure_of(plain).extensions == ()
    assert len(structure_of(problem()).extensions) == 2


def test_names_and_keys_that_are_taken_are_refused(investors: ModuleType) -> None:
    with pytest.raises(ValueError, match="the name 'redemptions' is there already"):
        register_trigger(investors.RedemptionTable(), investors.RedemptionTrigger(), investors.numbers)
    table = investors.RedemptionTable()
    table.name = "other"
    with pytest.raises(ValueError, match="the kernel by 'redemptions'"):
        register_trigger(table, investors.RedemptionTrigger(), investors.numbers)


def levstress(*arguments: str, folder: Path | None) -> subprocess.CompletedProcess[str]:
    there = {} if folder is None else {VARIABLE: MODULE, "PYTHONPATH": str(folder)}
    program = [sys.executable, "-c", "from stress.cli import main; main()", *arguments]
    return subprocess.run(program, capture_output=True, text=True, env={**os.environ, **there}, check=False)


@pytest.mark.slow
def test_a_worker_without_the_module_or_with_another_one_ends_with_3(
    finished: Path, folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    shutil.rmtree(run / "result.zarr")  # as if it had not been sealed
    spec = json.loads((run / "spec.json").read_text(encoding="utf-8"))
    assert spec["extensions"] == {"logarithmic": MODULE, "redemptions": MODULE}
    assert set(spec["identity"]["extensions"]) == {"logarithmic", "redemptions"}
    lacking = levstress("worker", str(run), "--shard", "0/1", folder=None)
    assert lacking.returncode == 3
    assert f"uses 'logarithmic' and 'redemptions' of the module {MODULE!r}, which is not at hand" in lacking.stderr
    changed = tmp_path / "changed"
    changed.mkdir()
    (changed / f"{MODULE}.py").write_text(source().replace("jnp.log1p(", "2.0 * jnp.log1p("), encoding="utf-8")
    other = levstress("worker", str(run), "--shard", "0/1", folder=changed)
    assert other.returncode == 3
    assert f"'logarithmic' and 'redemptions' of the module {MODULE!r} has changed since" in other.stderr
    assert "sha256" not in other.stderr
    same = levstress("worker", str(run), "--shard", "0/1", folder=folder)
    assert same.returncode == 0, same.stderr


def test_a_module_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no_such_module_anywhere")
    with pytest.raises(ScenarioError, match="no_such_module_anywhere") as caught:
        load_extensions()
    assert caught.value.key == VARIABLE
