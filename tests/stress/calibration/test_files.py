"""What `calibrate` writes: a part of a scenario, its tables, and where it comes from."""

from __future__ import annotations

import csv
import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import stress
from simulated_returns import history, simulated_garch, simulated_t
from stress.calibration.calibration import Calibration, Choices, calibrate
from stress.calibration.classes import read_classes
from stress.calibration.history import History
from stress.calibration.told.files import contents, write
from stress.calibration.told.picture import quantiles
from stress.scenarios.errors import ScenarioError

NAMES = ("BRK.B", "7203 JP", "SPY US")


def returns() -> npt.NDArray[np.float64]:
    common = simulated_t(800, 1, 4.0, 0.0, 1)
    found: npt.NDArray[np.float64] = simulated_garch(800, 3, 2) * np.array([1.0, 2.0, 0.7]) + common
    found[400:402] -= 0.12
    return found


@cache
def fitted(model: str = "", vol: str = "") -> Calibration:
    return calibrate(history(returns(), NAMES), Choices(model, vol))


def table(text: str) -> dict[str, list[float]]:
    rows = list(csv.reader(text.splitlines()))
    return {row[0]: [float(cell) for cell in row[1:]] for row in rows[1:]}


CLASSES = {"BRK.B": "equity", "7203 JP": "equity", "SPY US": "rates"}


def test_degrees_of_freedom_by_class(tmp_path: Path) -> None:
    """Each class as if it were alone; from Python in one call, with classes from a file and files as of the command."""
    (tmp_path / "assets.csv").write_text("id,asset_class,vol\n" + "".join(f"{n},{k},0.2\n" for n, k in CLASSES.items()))
    known = history(returns(), NAMES)
    found = stress.calibrate(known, classes=tmp_path / "assets.csv", out=tmp_path / "shocks")
    assert {kind: one.free_scatter for kind, one in found.dof_by_class.items()} == {"equity": True, "rates": True}
    alone = stress.calibrate(history(returns()[:, 2:], NAMES[2:]))
    assert found.dof_by_class["rates"].dof == pytest.approx(alone.dof.dof)
    part = tomllib.loads((tmp_path / "shocks" / "shocks.toml").read_text())
    assert part["shocks"]["dof"] == pytest.approx({k: one.dof for k, one in found.dof_by_class.items()}, rel=1e-5)
    with pytest.raises(FileExistsError):
        stress.calibrate(known, classes=CLASSES, out=tmp_path / "shocks")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,asset_class\nBRK.B,equity\n", "lacks 7203 JP"),
        ("id,asset_class\nBRK.B,equity\n7203 JP,share\nSPY US,equity\n", "7203 JP = 'share': is no class"),
        ("id,kind\nBRK.B,equity\n", "lacks a column"),
        ("", "is no table"),
    ],
)
def test_classes_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ScenarioError, match=said):
        read_classes(tmp_path / "a.csv", NAMES)


def test_classes_that_a_book_assumes(tmp_path: Path) -> None:
    (tmp_path / "assets.csv").write_text("id,asset_class\nBRK.B,\n7203 JP,credit\nSPY US,\n")
    rows = "".join(f"assets.{name}.{key},equity,,D,\n" for name in NAMES for key in ("asset_class", "sector"))
    (tmp_path / "assumed.csv").write_text("key,value,rule,grade,source\n" + rows)
    found = read_classes(tmp_path / "assets.csv", NAMES)
    assert found == {"BRK.B": "equity", "7203 JP": "credit", "SPY US": "equity"}


def test_the_part_says_what_was_fitted() -> None:
    found = fitted()
    texts = contents(found)
    part = tomllib.loads(texts["shocks.toml"])
    shocks = part["shocks"]
    assert (shocks["model"], part["correlation"]) == ("student_t", {"matrix": "correlation.csv"})
    assert shocks["dof"] == pytest.approx(found.dof.dof, rel=1e-5)
    garch = shocks["garch"]
    for key in ("alpha", "gamma", "beta"):
        assert garch[key] == pytest.approx(dict(zip(NAMES, found.garch.values[key], strict=True)), abs=1e-5)
    start = found.garch_next * 252 / found.shock_vol**2
    assert list(garch["start"].values()) == pytest.approx(start, rel=1e-5)
    for n in range(3):
        alpha, gamma, beta = (list(garch[key].values())[n] for key in ("alpha", "gamma", "beta"))
        assert alpha >= 0
        assert alpha + gamma >= 0
        assert alpha + gamma / 2 + beta < 1
    assert found.regimes is not None
    assert shocks["regime"]["stay_calm"] == pytest.approx(found.regimes.stay_calm, rel=1e-5)
    assert shocks["regime"]["correlation"] == {"matrix": "correlation_crisis.csv"}
    assert shocks["bootstrap"] == {
        "returns": "returns.csv",
        "kind": "log",
        "mean_block": pytest.approx(found.mean_block, rel=1e-5),
    }
    assert shocks["filtered_historical"]["alpha"] == garch["alpha"]
    assert shocks["factor"]["loadings"] == "loadings.csv"
    jumps = shocks["jump"]["common"]
    assert jumps["rate"] == pytest.approx(found.jumps.common_rate, rel=1e-5)
    grown = found.shock_vol / found.vols["sample"]
    assert jumps["mean"]["BRK.B"] == pytest.approx(found.jumps.common_mean[0] * grown[0], rel=1e-5)


def test_the_tables_beside_it() -> None:
    found = fitted()
    texts = contents(found)
    assert np.array(list(table(texts["correlation.csv"]).values())) == pytest.approx(found.correlation.matrix)
    assert np.array(list(table(texts["returns.csv"]).values())) == pytest.approx(returns())
    vols = table(texts["volatilities.csv"])
    assert vols["7203 JP"] == pytest.approx([found.vols[key][1] for key in ("ewma", "ewma", "garch", "sample")])
    loadings = table(texts["loadings.csv"])["SPY US"]
    assert found.factors is not None
    variance = sum(x**2 for x in loadings)  # of principal components of variance 1 a day, specific_vol a year
    factor = np.sum(found.factors.scaled[2] ** 2)
    assert loadings[-1] ** 2 == pytest.approx(252 * found.factors.specific_sd[2] ** 2)
    assert variance - loadings[-1] ** 2 == pytest.approx(factor)
    assert texts["fit.csv"].count("\n") == 1 + 3 * 3


def test_provenance() -> None:
    about = json.loads(contents(fitted())["provenance.json"])
    assert (about["file"], about["sha256"], about["returns"]) == ("simulated.csv", "0" * 64, 800)
    assert (about["first_return"], about["last_return"]) == ("2000-01-03", "2002-03-12")
    assert {"levstress", "arch", "statsmodels"} <= set(about["versions"])
    assert "0" * 64 in contents(fitted())["shocks.toml"].splitlines()[0]


@pytest.mark.parametrize(
    ("model", "vol", "expected"),
    [("gaussian", "", "ewma"), ("garch", "", "sample"), ("garch", "garch", "garch"), ("bootstrap", "", "sample")],
)
def test_the_volatility_is_that_of_the_model(model: str, vol: str, expected: str) -> None:
    found = fitted(model=model, vol=vol)
    assert found.vol == expected
    assert np.array_equal(found.shock_vol, found.vols[expected])
    shocks = tomllib.loads(contents(found)["shocks.toml"])["shocks"]
    start = list(shocks["garch"]["start"].values())
    assert start == pytest.approx(found.garch_next * 252 / found.vols[expected] ** 2, rel=1e-5)
    assert shocks["dof"] == pytest.approx(found.dof_garch.dof if model == "garch" else found.dof.dof, rel=1e-5)


def test_a_regime_model_has_the_correlation_of_calm_days() -> None:
    found = fitted(model="regime")
    assert found.regimes is not None
    matrix = np.array(list(table(contents(found)["correlation.csv"]).values()))
    assert matrix == pytest.approx(found.regimes.calm_correlation)


def test_given_factors_need_the_same_days() -> None:
    own = history(returns(), NAMES)
    market = History(returns()[:, :1] * 0.5, ("market",), own.days, "factors.csv", "", "log-returns")
    found = calibrate(own, factors=market)
    part = tomllib.loads(contents(found)["shocks.toml"])["shocks"]["factor"]
    assert part["factor_vol"] == {"market": pytest.approx(float(market.returns.std()) * 252**0.5, rel=1e-5)}
    assert table(contents(found)["loadings.csv"])["BRK.B"][0] == pytest.approx(2.0)
    shorter = History(market.returns[1:], market.names, market.days[1:], "factors.csv", "", "log-returns")
    with pytest.raises(ScenarioError, match=r"factors\.csv: days = .*799.*\n  allowed: .*800"):
        calibrate(own, factors=shorter)


def test_names_have_to_be_ids_of_a_scenario() -> None:
    with pytest.raises(
        ScenarioError, match=r"simulated\.csv: header = '=A1': is no id\n  allowed: ids as in a scenario"
    ):
        calibrate(history(returns(), ("AAA", "=A1", "CCC")))


def test_files_are_written_once(tmp_path: Path) -> None:
    names = write(fitted(), tmp_path / "a")
    assert sorted(names) == sorted(path.name for path in (tmp_path / "a").iterdir())
    with pytest.raises(FileExistsError, match=r"shocks\.toml is there already; --overwrite"):
        write(fitted(), tmp_path / "a")
    single = calibrate(history(returns()[:, :1], ("one",)))
    assert "loadings.csv" not in write(single, tmp_path / "a", overwrite=True)
    assert not (tmp_path / "a" / "loadings.csv").exists()


def test_choices_that_are_none() -> None:
    every: tuple[dict[str, Any], ...]
    every = ({"model": "garch2"}, {"vol": "implied"}, {"correlation": "none"}, {"decay": 1.0})
    for wrong in every:
        with pytest.raises(ValueError, match="allowed: "):
            Choices(**wrong)


def test_the_picture_has_every_volatility_and_both_laws() -> None:
    ax = quantiles(fitted())
    texts = [line.get_label() for line in ax.lines]
    assert [str(text).split(",")[0] for text in texts] == [
        "constant volatility",
        "EWMA volatility",
        "GARCH volatility",
        "Student-t",
        "normal",
    ]
    x, student = ax.lines[3].get_data()
    assert np.array_equal(x, student)
