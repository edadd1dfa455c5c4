"""`levstress validate` as a user types it."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from published_reference import EBA, needs_eba, write_banks
from stress.cli import app
from stress.published.model import Case, Expected
from stress.published.registry import MODELS

LEVSTRESS = str(Path(sys.executable).with_name("levstress"))
PUBLISHED = ["cont-schaanning", "glt", "breuer", "liquidity-spiral"]


def invoke(*args: str) -> Any:
    return CliRunner().invoke(app, ["validate", *args])


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_model_alone_is_compared_with_what_is_published(name: str) -> None:
    done = invoke("--model", name, "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["agrees"] is True
    assert document["compared"]
    assert set(document["outputs"]) == {x.name for x in MODELS[name].outputs}
    table = invoke("--model", name)
    assert table.exit_code == 0
    assert "largest difference" in table.stdout
    assert "NO" not in table.stdout.split()


@needs_eba
def test_oxford_with_the_published_balance_sheets() -> None:
    done = invoke("--model", "oxford", "--data", str(EBA), "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["agrees"] is True
    assert document["outputs"]["defaults_by_step"] == [0, 7, 35, 2, 0, 0, 0]
    assert document["labels"]["bank"][0] == "AT01"
    assert document["data"]["file"] == str(EBA)
    other = json.loads(invoke("--model", "oxford", "--data", str(EBA), "--set", "shock=0.1", "--json").stdout)
    assert other["agrees"] is None


def test_oxford_with_other_balance_sheets_is_not_compared(tmp_path: Path) -> None:
    data = write_banks(tmp_path / "banks.csv")
    done = invoke("--model", "oxford", "--data", str(data))
    assert done.exit_code == 0, done.stderr
    assert "north" in done.stdout
    assert "largest difference" not in done.stdout
    assert "not compared" in done.stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_mismatch_ends_with_9_and_is_printed(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    planted = Case((Expected("final_price", "0.0591782086786"), Expected("final_equity", "-8.18836565097")))
    monkeypatch.setitem(MODELS, "liquidity-spiral", dataclasses.replace(MODELS["liquidity-spiral"], cases=(planted,)))
    assert invoke("--model", "liquidity-spiral", *options).exit_code == 0  # 1e-12 away
    planted = Case((Expected("final_price", "0.0591782186796"), Expected("final_equity", "-8.18836565097")))
    monkeypatch.setitem(MODELS, "liquidity-spiral", dataclasses.replace(MODELS["liquidity-spiral"], cases=(planted,)))
    done = invoke("--model", "liquidity-spiral", *options)  # 1e-8 away
    assert done.exit_code == 9
    assert "final_price" in done.stderr
    assert "final_equity" not in done.stderr
    if options:
        assert [x["agrees"] for x in json.loads(done.stdout)["compared"]] == [False, True]
    else:
        assert "NO" in done.stdout


def test_breuer_says_whether_the_equilibria_differ() -> None:
    assert "the two equilibria differ" in invoke("--model", "breuer").stdout
    assert "the same equilibrium" in invoke("--model", "breuer", "--set", "leverage_limit=60").stdout
    document = json.loads(invoke("--model", "breuer", "--set", "leverage_limit=60", "--json").stdout)
    assert document["outputs"]["equilibria_differ"] is False
    assert document["agrees"] is None


def test_infinite_leverage_is_null_in_json() -> None:
    done = invoke("--model", "breuer", "--set", "impact=1e-3", "--json")
    assert done.exit_code == 0, done.stderr
    assert None in json.loads(done.stdout)["outputs"]["leverage_above"]


@pytest.mark.parametrize("options", [[], ["--list"], ["--list", "--model", "glt"]])
def test_the_list(options: list[str]) -> None:
    table = invoke(*options)
    assert table.exit_code == 0, table.stderr
    assert "Greenwood" in table.stdout
    models = json.loads(invoke(*options, "--json").stdout)["models"]
    assert [x["model"] for x in models] == (["glt"] if "--model" in options else list(MODELS))
    for model in models:
        assert model["source"]
        assert all(x["meaning"] and x["allowed"] for x in model["inputs"])


@pytest.mark.parametrize(("arguments", "code", "message"), [
    (["--model", "brewer"], 3, "did you mean 'breuer'"),
    (["--model", "oxford"], 3, "cet1_eur_m: is missing"),
    (["--model", "oxford", "--data", "none.csv"], 3, "none.csv: cannot be read"),
    (["--model", "breuer", "--set", "limit=3"], 3, "--set: limit = '3': is no input of breuer"),
    (["--model", "breuer", "--set", "leverage_limit=-3"], 3, "--set: leverage_limit = -3.0: is not allowed"),
    (["--model", "breuer", "--set", "leverage_limit=__import__('os')"], 3, "leverage_limit"),
    (["--model", "breuer", "--grid", "leverage_limit=0:3:3"], 3, "at least 1"),
    (["--model", "breuer", "--out", "x.nc"], 2, "--grid"),
    (["--model", "breuer", "--grid", "leverage_limit=40:44:3", "--out", "x.csv"], 2, ".zarr"),
    (["--set", "leverage_limit=3"], 2, "--model"),
    (["--model", "breuer", "--devices", "99"], 4, "99 cpu devices"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_its_exit_code(arguments: list[str], code: int, message: str) -> None:
    done = invoke(*arguments)
    assert done.exit_code == code
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_grid_is_summarised_and_written(tmp_path: Path, suffix: str) -> None:
    data, out = write_banks(tmp_path / "banks.csv"), tmp_path / "new" / f"grid{suffix}"
    call = ["--model", "oxford", "--data", str(data), "--grid", "shock=0:0.3:7", "--grid", "impact=0:0.1:5"]
    done = invoke(*call, "--out", str(out), "--json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["points"] == 35
    assert document["file"] == str(out)
    assert document["seconds"] > 0
    assert "shock" not in document["inputs"]
    with xr.open_dataset(out, engine="scipy" if suffix == ".nc" else "zarr") as dataset:
        assert dict(dataset.sizes) == {"shock": 7, "impact": 5, "asset": 2}
        sold = dataset["sold_share"]
        summary = document["outputs"]["sold_share"]
        assert summary["largest"] == float(sold.max())
        assert float(sold.sel(summary["at_largest"], method="nearest")) == summary["largest"]
        assert summary["mean"] == pytest.approx(float(sold.mean()))
    assert "price[government]" in document["outputs"]
    again = invoke(*call, "--out", str(out))
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    assert invoke(*call, "--out", str(out), "--overwrite", "--quiet").exit_code == 0


def test_a_grid_as_a_table() -> None:
    done = invoke("--model", "liquidity-spiral", "--grid", "leverage=1:6:11")
    assert done.exit_code == 0, done.stderr
    assert "11 points" in done.stdout
    assert "final_price" in done.stdout


def test_the_command_in_a_process_of_its_own(tmp_path: Path) -> None:
    call = [LEVSTRESS, "validate", "--model", "cont-schaanning", "--json"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    prices = np.ravel(json.loads(done.stdout)["outputs"]["price_path"])
    np.testing.assert_allclose(prices, [0.9922941335, 0.9885042669, 0.9873174688], atol=5e-11)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from stress.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    print(sorted({'jax', 'xarray', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    call = [sys.executable, "-c", program, "validate", "--help"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert "--grid" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
