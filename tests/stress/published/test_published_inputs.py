"""Inputs of published models: where they come from, and what is said about each that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from published_reference import BANKS, COLUMNS, write_banks
from stress.published.inputs import read_inputs
from stress.published.registry import MODELS, find_model
from stress.published.solve import fingerprint, solve
from stress.scenarios.errors import ScenarioError

HEADER = "bank," + ",".join(COLUMNS)


def test_every_model_but_oxford_has_all_its_inputs() -> None:
    assert list(MODELS) == ["oxford", "cont-schaanning", "glt", "breuer", "liquidity-spiral", "option-books"]
    for name, model in MODELS.items():
        if name != "oxford":
            fewer = ["draws=2000"] if name == "option-books" else []
            outputs = solve(model, read_inputs(model, None, fewer))
            assert set(outputs) == {x.name for x in model.outputs}


def test_a_csv_file_names_banks_and_assets(tmp_path: Path) -> None:
    path = tmp_path / "banks.csv"
    path.write_text(
        "\ufeffbank, holdings.swiss, holdings.bunds, equity\nalpha,10,20,3\n\nbeta,40,5,6\n", encoding="utf-8"
    )
    given = ("shock=[0.01, 0]", "impact=[0.001, 0.002]")
    inputs = read_inputs(MODELS["glt"], path, given)
    assert inputs.labels == {"bank": ["alpha", "beta"], "asset": ["swiss", "bunds"]}
    assert inputs.values["holdings"].tolist() == [[10, 20], [40, 5]]
    assert inputs.values["equity"].tolist() == [3, 6]
    assert len(inputs.data_sha256) == 64


def test_a_toml_file_holds_any_input_and_set_goes_over_it(tmp_path: Path) -> None:
    path = tmp_path / "bank.toml"
    path.write_text("leverage = 3\nshock = 0.1\n", encoding="utf-8")
    inputs = read_inputs(MODELS["liquidity-spiral"], path, ["shock=0.2"])
    assert inputs.values["leverage"] == 3
    assert inputs.values["shock"] == 0.2
    assert inputs.given == {"leverage": str(path), "shock": "--set"}


def test_one_number_stands_for_every_bank_or_asset() -> None:
    given = ["holdings=[[1, 2], [3, 4], [5, 6]]", "capital=2", "other_assets=[1, 2, 3]", "shock=[0.1]", "volume=7"]
    inputs = read_inputs(MODELS["cont-schaanning"], None, given)
    assert inputs.values["capital"].tolist() == [2, 2, 2]
    assert inputs.values["volume"].tolist() == [7, 7]
    assert inputs.values["volatility"].tolist() == [0.02, 0.02]
    assert inputs.values["other_assets"].tolist() == [[1], [2], [3]]


def test_the_fingerprint_is_of_the_balance_sheets_alone(tmp_path: Path) -> None:
    model = MODELS["oxford"]
    one = read_inputs(model, write_banks(tmp_path / "a.csv"))
    renamed = read_inputs(model, write_banks(tmp_path / "b.csv", [("x", *row[1:]) for row in BANKS]), ["shock=0.1"])
    other = read_inputs(model, write_banks(tmp_path / "c.csv", [(*row[:1], row[1] + 1, *row[2:]) for row in BANKS]))
    assert fingerprint(model, one.values) == fingerprint(model, renamed.values)
    assert fingerprint(model, one.values) != fingerprint(model, other.values)


WRONG_SET = [
    ("cont-schaanning", ["max_levrage=3"], "max_levrage", "did you mean 'max_leverage'"),
    ("cont-schaanning", ["max_leverage"], "max_leverage", "KEY=VALUE"),
    ("cont-schaanning", ["=3"], "", "KEY=VALUE"),
    ("cont-schaanning", ["max_leverage=high"], "max_leverage", "a number more than 1"),
    ("cont-schaanning", ["max_leverage=true"], "max_leverage", "a number more than 1"),
    ("cont-schaanning", ["max_leverage=nan"], "max_leverage", "a number more than 1"),
    ("cont-schaanning", ["max_leverage=inf"], "max_leverage", "a number more than 1"),
    ("cont-schaanning", ["max_leverage=1"], "max_leverage", "more than 1"),
    ("cont-schaanning", ["max_leverage=[30, 31]"], "max_leverage", "a number more than 1"),
    ("cont-schaanning", ["target_leverage=34"], "target_leverage", "at most max_leverage = 33.3"),
    ("cont-schaanning", ["price_floor=1.5"], "price_floor[0]", "less than price = 1"),
    ("cont-schaanning", ["max_rounds=2.5"], "max_rounds", "a whole number"),
    ("cont-schaanning", ["shock=[0.1, 1.2]"], "shock[1]", "at most 1"),
    ("cont-schaanning", ["shock=[0.1, 0.1, 0.1]"], "other", "along other"),
    ("cont-schaanning", ["holdings=[[1, 2], [3]]"], "holdings", "a list of lists"),
    (
        "cont-schaanning",
        ["holdings=[90, 70, 60]"],
        "default of cont-schaanning: other_assets",
        "3 along bank, as in holdings",
    ),
    ("cont-schaanning", ["holdings=[]"], "holdings", "a list of lists"),
    ("cont-schaanning", ['holdings=["a", "b"]'], "holdings", "a list of lists"),
    ("cont-schaanning", ["volatility=0"], "volatility", "more than 0"),
    ("breuer", ["equity=[28, 80, 6500]"], "equity[2]", "at most 1490"),
    ("glt", ["holdings=[[0, 0, 0], [1, 2, 3], [1, 2, 3]]"], "holdings[0]", "some holdings for every bank"),
    ("glt", ["shock_size=60"], "shock_size", "shock_size * shock below 1"),
    ("liquidity-spiral", ["leverage=0.5"], "leverage", "at least 1"),
    ("liquidity-spiral", ["leverage=1" + "0" * 400], "leverage", "a number at least 1"),
    ("oxford", [], "cet1_eur_m", "give it with --data FILE or --set"),
]


@pytest.mark.parametrize(("name", "assignments", "key", "allowed"), WRONG_SET)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, assignments: list[str], key: str, allowed: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_inputs(find_model(name), None, assignments)
    assert key in str(caught.value)
    assert allowed in str(caught.value)


WRONG_FILES = [
    ("oxford", "banks.csv", HEADER, "a row for each bank"),
    ("oxford", "banks.csv", f"{HEADER}\nA,1,2,3,x", "government_bonds_eur_m = 'x': of bank A is not allowed"),
    ("oxford", "banks.csv", f"{HEADER}\nA,1_0,2,3,1", "cet1_eur_m = '1_0'"),
    ("oxford", "banks.csv", f"{HEADER}\nA,1,2,3", "row 2 has 4 cells"),
    ("oxford", "banks.csv", f"{HEADER}\nA,-1,2,3,1", "cet1_eur_m[0] = -1.0"),
    ("oxford", "banks.csv", f"{HEADER}\nA,1,nan,3,1", "leverage_pct[0] = nan"),
    ("oxford", "banks.csv", f"{HEADER}\nA,1,4,3,3.5", "of bank A is too large"),
    ("oxford", "banks.csv", f"{HEADER}\nA,1,4,24,3.5", "at most total assets less cash = 23.75"),
    ("oxford", "banks.csv", f"{HEADER},{COLUMNS[0]}\nA,1,4,3,2,1", "cet1_eur_m: is there twice"),
    ("oxford", "banks.csv", f"{HEADER},rating\nA,1,4,3,2,1", "rating: is no column of this model"),
    ("oxford", "banks.csv", "bank,cet1_eur_m\nA,1", "leverage_pct: is missing"),
    ("oxford", "banks.csv", b"\xff\xfe", "is no CSV file"),
    ("oxford", "missing.csv", None, "cannot be read"),
    ("liquidity-spiral", "banks.csv", "bank\nA", "allowed: a .toml file"),
    ("liquidity-spiral", "bank.toml", "leverage = ", "is not TOML"),
    ("liquidity-spiral", "bank.toml", "levrage = 3", "did you mean 'leverage'"),
    ("liquidity-spiral", "bank.toml", "leverage = '4'", "leverage = '4'"),
]


@pytest.mark.parametrize(("name", "file", "text", "message"), WRONG_FILES)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, file: str, text: str | bytes | None, message: str) -> None:
    path = tmp_path / file
    if isinstance(text, bytes):
        path.write_bytes(text)
    elif text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_inputs(MODELS[name], path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_a_file_of_banks_is_not_filled_up_with_the_published_ones(tmp_path: Path) -> None:
    path = tmp_path / "banks.csv"
    path.write_text("bank,securities,loans\na,100,1000\nb,200,1000\nc,300,1000\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="equity: is missing"):
        read_inputs(MODELS["breuer"], path)
    inputs = read_inputs(MODELS["breuer"], path, ["equity=[30, 40, 50]"])
    assert inputs.values["equity"].tolist() == [30, 40, 50]
    assert inputs.values["loan_shock"].tolist() == [0, 0, 0]


def test_all_missing_inputs_are_listed_at_once() -> None:
    with pytest.raises(ScenarioError) as caught:
        read_inputs(MODELS["oxford"])
    for column in COLUMNS:
        assert column in str(caught.value)


def test_an_unknown_model_is_an_error() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'breuer'"):
        find_model("brewer")


def test_lists_can_be_given_without_a_file() -> None:
    model = MODELS["oxford"]
    given = [f"{c}={[row[1 + i] for row in BANKS]}" for i, c in enumerate(COLUMNS)]
    inputs = read_inputs(model, None, given)
    assert np.array_equal(inputs.values["cet1_eur_m"], [row[1] for row in BANKS])
