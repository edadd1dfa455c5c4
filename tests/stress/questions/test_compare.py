"""Two results compared: differences, errors and scores by hand, by label, and the settings by dotted key."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console

from collected_example import FILE_ORDER
from compared_example import SPEC, A, B, tree_with, without
from stress.questions.settings import ABSENT, Setting, compare_settings
from stress.results.dataset.compared import BY_FUND, BY_LEVEL, compared, same_numbers
from stress.results.dataset.units import description
from stress.results.terminal.compared_table import SHOWN, compared_json, compared_notes, compared_table


def test_differences_errors_and_scores_by_hand() -> None:
    a = tree_with({"es": (0.30, 0.03), "prob_default": (0.02, 0.0), "expected_forced_sales_usd": (5e9, 3e8)})
    b = tree_with({"es": (0.40, 0.04), "prob_default": (0.05, 0.0), "expected_forced_sales_usd": (4e9, 4e8)}, 8)
    row = compared(a, b).sel(fund="alpha", level=0.99)
    assert row["es_a"].item() == 0.30
    assert row["es_b"].item() == 0.40
    assert row["es_difference"].item() == pytest.approx(0.10)
    assert row["es_difference_se"].item() == pytest.approx(0.05)
    assert row["es_z"].item() == pytest.approx(2.0)
    assert row["expected_forced_sales_usd_difference"].item() == -1e9
    assert row["expected_forced_sales_usd_z"].item() == pytest.approx(-2.0)
    assert row["prob_default_difference"].item() == pytest.approx(0.03)
    assert np.isnan(row["prob_default_z"].item())  # no error, so no score


@pytest.mark.parametrize(("value", "error"), [(0.3, np.inf), (0.3, np.nan), (np.nan, 0.1)])
def test_what_is_unknown_stays_unknown(value: float, error: float) -> None:
    row = compared(tree_with({"es": (value, error)}), tree_with({"es": (0.4, 0.04)}, 8)).sel(fund="alpha", level=0.99)
    assert np.isnan(row["es_z"].item())
    if np.isnan(value):
        assert np.isnan(row["es_difference"].item())
    else:
        assert row["es_difference"].item() == pytest.approx(0.1)
        assert not np.isfinite(row["es_difference_se"].item())


def test_numbers_are_those_of_the_summaries_with_units() -> None:
    numbers = compared(A, B)
    assert numbers["fund"].values.tolist() == [*FILE_ORDER, "system"]
    assert numbers["level"].values.tolist() == [0.0, 0.95, 0.99, 0.999]
    for side, tree in (("a", A), ("b", B)):
        summary = tree["summary"].to_dataset()
        for name in (*BY_LEVEL, *BY_FUND):
            column = numbers[f"{name}_{side}"]
            np.testing.assert_array_equal(column.sel(fund=list(FILE_ORDER)), summary[name])
            np.testing.assert_array_equal(column.sel(fund="system"), summary[f"system_{name}"])
    for key, variable in numbers.variables.items():
        assert set(variable.attrs) == {"units", "long_name"}, key
        plain = str(key).rsplit("_", 2 if str(key).endswith("difference_se") else 1)[0]
        if key not in numbers.coords:
            assert variable.attrs["units"] == (
                "1" if str(key).endswith(("_z", "_p", "_bound")) else description(plain)[0]
            )


def test_runs_with_other_seeds_agree_within_their_errors_and_another_scenario_does_not() -> None:
    scores = compared(A, B)["es_z"].sel(level=[0.95, 0.99])
    assert np.nanmax(np.abs(scores.values)) < 5
    planted = compared(A, tree_with({"es": (2.0, 0.01)}))["es_z"].sel(fund="alpha", level=0.99)
    assert planted.item() > 5


def test_funds_and_levels_of_one_run_alone_are_named() -> None:
    less = without(B, fund=["mid"], level=[0.999])
    numbers = compared(A, less)
    assert numbers["fund"].values.tolist() == ["zeta", "alpha", "system"]
    assert numbers["level"].values.tolist() == [0.0, 0.95, 0.99]
    notes = compared_notes(numbers, [0.95, 0.99])
    assert "Funds in A only: mid." in notes
    assert "Levels in A only: 99.9 %." in notes
    swapped = compared_notes(compared(less, A), [0.95, 0.99])
    assert "Funds in B only: mid." in swapped
    nothing = compared(without(A, fund=list(FILE_ORDER)), B)
    assert nothing["fund"].values.tolist() == ["system"]


def test_runs_with_other_seeds_are_said_to_be_independent() -> None:
    assert "upper bound" in "\n".join(compared_notes(compared(A, tree_with({}, seed=7)), [0.99]))  # no paths are kept
    apart = "\n".join(compared_notes(compared(A, tree_with({}, seed=8)), [0.99]))
    assert "upper bound" not in apart
    assert "independent" in apart


def test_same_numbers_means_every_bit() -> None:
    assert same_numbers(A, A.copy(deep=True))
    value = A["summary"]["es"].sel(fund="alpha", level=0.99).item()
    error = A["summary"]["es_se"].sel(fund="alpha", level=0.99).item()
    assert not same_numbers(A, tree_with({"es": (np.nextafter(value, 1.0), error)}))


def test_settings_are_compared_by_dotted_key() -> None:
    other = json.loads(json.dumps(SPEC))
    other["scenario"]["assets"][1]["vol"] = 0.5
    other["scenario"]["assets"].append({"id": "gold", "vol": 0.2, "margin": {"rate": 0.1}})
    other["scenario"]["funds"][0]["margin"]["buffer"] = 0.1
    other["scenario"]["correlation"][0][1] = 0.3
    other["options"]["seed"] = 8
    other["versions"] = {}
    other["defaults"] = ["cascade"]
    other["note"] = "new"
    other["inputs_sha256"] = {"example.toml": "ab"}
    other["options"]["numbers_sha256"] = "cd"
    different, equal = compare_settings(SPEC, other)
    assert different == (
        Setting("scenario", "assets.gold", ABSENT, {"vol": 0.2, "margin": {"rate": 0.1}}),
        Setting("scenario", "assets.semis.vol", 0.4, 0.5),
        Setting("scenario", "correlation", [[1.0, 0.2], [0.2, 1.0]], [[1.0, 0.3], [0.2, 1.0]]),
        Setting("scenario", "funds.alpha.margin.buffer", 0.05, 0.1),
        Setting("options", "seed", 7, 8),
        Setting("versions", "jax", "0.10.2", ABSENT),
        Setting("defaults", "margin.cap", "set by default", ABSENT),
        Setting("note", "", ABSENT, "new"),
    )
    assert equal == 7  # name, the vol of bonds, rates, paths, block_size, precision, the default of cascade
    assert compare_settings(SPEC, SPEC) == ((), 13)


def test_of_a_method_what_was_chosen_is_compared_and_not_what_was_fitted() -> None:
    fitted = {"name": "tilt", "wanted": "auto", "paths": 100, "row": -1, "numbers": {"slots": [200, 800]}}
    other = SPEC | {"method": fitted | {"for": {"text": "es(system, 0.99)", "kind": "es"}}}
    found = {one.key: one.b for one in compare_settings(SPEC, other)[0]}
    assert found == {"name": "tilt", "wanted": "auto", "paths": 100, "for": "es(system, 0.99)"}


def test_the_table_is_aligned_and_has_every_figure() -> None:
    screen = Console(file=io.StringIO(), width=100, color_system=None, markup=False, highlight=False)
    b = tree_with({"es": (0.40, 0.04), "var": (0.3, np.inf)}, 8)
    numbers = compared(tree_with({"es": (0.30, 0.03)}), b)
    screen.print(compared_table(numbers, [0.99]))
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 100
    rows = [line.split() for line in lines]
    assert ["ES", "99", "%,", "%", "30.0", "40.0", "10.0", "5.0", "2.0"] in rows
    first = next(i for i, line in enumerate(lines) if line.startswith(" alpha"))
    assert sum("ES 99 %" in line for line in lines) == 2 * (len(FILE_ORDER) + 1)  # of the end and of the trough
    assert lines[first].split()[-2:] == ["?", "-"]
    assert "?: too few paths for an error." in compared_notes(numbers, [0.99])
    places = [next(i for i, x in enumerate(lines) if x.startswith(f" {n} ")) for n in (*FILE_ORDER, "whole system")]
    assert places == sorted(places)
    assert places[1] - places[0] == len(SHOWN) + 1


def test_json_has_every_number_or_none() -> None:
    numbers = compared(tree_with({"es": (0.3, np.inf)}), tree_with({"es": (0.4, 0.04)}))
    document = json.loads(json.dumps(compared_json(numbers, [0.0, 0.99]), allow_nan=False))
    assert document["funds"]["alpha"]["es"]["0.99"] == {
        "a": 0.3,
        "b": 0.4,
        "difference": pytest.approx(0.1),
        "difference_se": None,
        "z": None,
        "p": None,
        "bound": False,
    }
    assert set(document["funds"]) == set(FILE_ORDER)
    assert set(document["system"]) == {*BY_LEVEL, *BY_FUND}
    assert set(document["system"]["var"]) == {"0", "0.99"}
    assert document["system"]["mean_loss"]["difference"] == 0
