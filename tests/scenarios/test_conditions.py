"""`[[shocks.condition]]` and `--shock`: keys become rows, what contradicts is refused, all is on record."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

from condition_examples import conditioned, conditioned_document
from scenario_example import differences, problem_of, refused
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.conditions.option import apply_shock, shock_texts
from stress.scenarios.conditions.report import condition_facts, condition_sentences
from stress.scenarios.errors import ScenarioError
from stress.scenarios.read.loader import scenario_from_document

IDS = ("bonds", "japan", "semis")


def document(*conditions: dict[str, Any], name: str = "student_t", **shocks: Any) -> dict[str, Any]:
    made = conditioned_document(name, conditions=[{"step": 1, **one} for one in conditions])
    made["shocks"] |= shocks
    return made


def with_sectors(made: dict[str, Any], **sectors: str) -> dict[str, Any]:
    for asset in made["assets"]:
        asset["sector"] = sectors.get(asset["id"], "")
    return made


def test_an_asset_is_a_row_of_its_own_and_a_class_is_weighted_by_what_is_held() -> None:
    asked = problem_of(document({"moves": {"semis": "-10 %", "bonds": 0.01}}, {"step": 2, "moves": {"equity": -0.05}}))
    one, two = asked.shocks.conditions
    assert (one.step, one.keys, two.step, two.keys) == (1, ("bonds", "semis"), 2, ("equity",))
    np.testing.assert_array_equal(one.rows, [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_allclose(one.log_moves, [math.log(1.01), math.log(0.9)])
    books = asked.books
    held = (books.size[:, None] * np.abs(books.shapes[books.shape_of])).sum(axis=0)
    np.testing.assert_allclose(two.rows[0], [0, held[1] / held[1:].sum(), held[2] / held[1:].sum()], rtol=1e-12)


def test_a_sector_may_be_written_in_any_case_and_each_of_it_apart() -> None:
    made = with_sectors(document({"moves": {"TECH.*": "-10 %"}}), semis="Tech", japan="Tech")
    (one,) = problem_of(made).shocks.conditions
    assert one.keys == ("japan", "semis")
    np.testing.assert_array_equal(one.rows, [[0, 1, 0], [0, 0, 1]])
    (one,) = problem_of(with_sectors(document({"moves": {"tech": "-10 %"}}), semis="Tech")).shocks.conditions
    np.testing.assert_array_equal(one.rows, [[0, 0, 1]])


@pytest.mark.parametrize(
    ("conditions", "key", "phrase"),
    [
        ([{"moves": {"metals": -0.1}}], "shocks.condition[0].moves.metals", "no asset or class"),
        (
            [{"moves": {"semis": -0.1}}, {"moves": {"semis": -0.2}}],
            "shocks.condition[1].moves.semis",
            "fixes semis twice",
        ),
        ([{"moves": {"semis": -0.1, "equity.*": -0.2}}], "shocks.condition[0].moves.equity.*", "fixes semis twice"),
        ([{"moves": {"semis": -0.1, "japan": 0, "equity": -0.2}}], "shocks.condition at step 1", "does not move apart"),
        ([{"moves": {"semis": -0.7}}], "shocks.condition at step 1", "beyond what a draw can"),
        ([{"step": 5, "moves": {"semis": -0.1}}], "shocks.condition[0].step", "lies outside the horizon"),
        ([{"moves": {"semis": -1}}], "shocks.condition[0].moves.semis", "leaves no price"),
    ],
)
def test_what_cannot_be_is_refused(conditions: list[dict[str, Any]], key: str, phrase: str) -> None:
    refused(document(*conditions), key, phrase)


def test_a_script_and_a_condition_of_an_asset_at_a_step_exclude_each_other() -> None:
    script = [{"step": 1, "moves": {"semis": "-1 %"}}]
    made = document({"moves": {"semis": "-10 %"}}, script=script)
    refused(made, "shocks.condition[0].moves.semis", "has a scripted move at step 1, too")
    made = document({"moves": {"equity": "-10 %"}}, script=script)
    refused(made, "shocks.condition[0].moves.equity", "has semis, which has a scripted move")
    problem_of(document({"step": 2, "moves": {"equity": "-10 %"}}, {"moves": {"bonds": "1 %"}}, script=script))


def test_what_a_model_has_no_law_for_is_refused_by_name() -> None:
    semis = {"moves": {"semis": "-10 %"}}
    refused(document(semis, model="none"), "shocks.condition", "nothing is drawn")
    by_class = document(semis, dof={"equity": 4, "rates": 6})
    refused(by_class, "shocks.condition at step 1", "has degrees of freedom by class")
    refused(
        document({"moves": {"equity": 0, "bonds": 0}}, name="jump"), "shocks.condition at step 1", "jumps of their own"
    )
    later = document({"step": 2, "moves": {"semis": -0.01}}, name="filtered_historical")
    refused(later, "shocks.condition at step 1".replace("1", "2"), "is on a later step")
    few = refused(document(semis, name="bootstrap"), "shocks.condition at step 1", "effective days of the history")
    assert few.allowed is not None
    width = float(few.allowed.split("`bandwidth` (")[1].split()[0])
    (fact,) = condition_facts(problem_of(document(semis | {"bandwidth": width + 0.01}, name="bootstrap")))
    assert 30 <= fact["effective_days"] < 40
    still = document(semis)
    still["assets"][0]["shock_vol"] = 0
    refused(still, "shocks.condition at step 1", "semis does not move in the draw")


def test_what_nobody_holds_has_no_weights() -> None:
    made = document({"moves": {"crypto": "-10 %"}})
    made["assets"].append({"id": "coin", "asset_class": "crypto", "vol": 0.5, "adv": 1e9, "margin": 0.5})
    made["correlation"] = {"constant": 0.2}
    refused(made, "shocks.condition[0].moves.crypto", "names what no fund holds")
    made["shocks"]["condition"][0]["moves"] = {"crypto.*": "-10 %"}
    assert problem_of(made).shocks.conditions[0].keys == ("coin",)


def test_a_class_and_a_sector_of_one_name_are_refused_where_they_differ() -> None:
    made = with_sectors(document({"moves": {"rates": "-1 %"}}), semis="rates")
    refused(made, "shocks.condition[0].moves.rates", "is an asset class and a sector of other assets")


def test_the_canonical_document_says_the_same() -> None:
    asked = conditioned("student_t")
    assert differences(problem_of(copy.deepcopy(asked.canonical)).shocks, asked.shocks) == []
    assert [entry["step"] for entry in asked.canonical["shocks"]["condition"]] == [1, 3]


def test_the_option_adds_a_move_and_is_on_record() -> None:
    made = conditioned_document("student_t")
    asked = build_problem(scenario_from_document(made, (), ["semis=-5%", "japan = 1 %@2"]))
    assert [(one.step, one.keys, one.moves.tolist()) for one in asked.shocks.conditions] == [
        (1, ("semis",), [-0.05]),
        (2, ("japan",), [0.01]),
        (3, ("bonds", "equity"), [0.01, -0.02]),
    ]
    changes = [change.document() for change in asked.origin.overrides]
    assert changes[0] == {"given": "--shock semis=-5%", "key": "semis at step 1", "value": "-5%", "replaced": "-3 %"}
    assert changes[1]["replaced"] is None
    again = scenario_from_document(made).shock({"semis": -0.05, "japan@2": "1 %"})
    assert differences(build_problem(again).shocks, asked.shocks) == []
    assert shock_texts("semis=-5%") == ["semis=-5%"]


@pytest.mark.parametrize("text", ["semis", "=-5%", "semis=", "semis=-5%@", "semis=-5%@x", "semis=-5%@1@2"])
def test_a_shock_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="is no shock"):
        apply_shock({}, text)


@pytest.mark.parametrize(
    ("given", "key"), [("x", "shocks.condition"), ([{"step": 1, "moves": 5}], "moves"), ([5], "[0]")]
)
def test_a_shock_beside_conditions_that_are_none_leaves_them_to_the_schema(given: object, key: str) -> None:
    made = conditioned_document("student_t")
    made["shocks"]["condition"] = given
    with pytest.raises(ScenarioError, match="is not allowed") as caught:
        scenario_from_document(made, shock="semis=-5%")
    assert key in str(caught.value)


def test_facts_of_a_condition() -> None:
    """By hand: one asset, Student-t with 5 degrees of freedom, F(1, 5)."""
    (fact,) = condition_facts(problem_of(document({"moves": {"semis": "-8 %"}})))
    squared = (math.log(0.92) / (0.39 / math.sqrt(252))) ** 2 * 5 / 3
    assert fact["distance"] == pytest.approx(math.sqrt(squared), rel=1e-12)
    x = 5 / (5 + squared)
    from scipy import special

    assert fact["plausibility"] == pytest.approx(special.betainc(2.5, 0.5, x), rel=1e-9)
    (said,) = condition_sentences([fact])
    assert said.startswith(
        "Given at step 1: semis -8 %; the rest is drawn given that. Mahalanobis distance 4.38 (Student-t"
    )
    (fact,) = condition_facts(conditioned("regime", conditions=[{"step": 1, "moves": {"semis": "-9 %"}}]))
    before, after = fact["chances"]["crisis"]
    assert before == pytest.approx(0.4)
    assert after > 0.95
    (fact,) = condition_facts(conditioned("filtered_historical"))
    assert fact["effective_days"] > 30
    assert fact["bandwidth"] == 1.5


def test_the_simple_move_expected_of_a_class_is_told() -> None:
    """The weighted log return is fixed; what comes of it is held against many draws."""
    from shock_examples import SEED
    from stress.questions.validate.kernels import engine_draws

    asked = conditioned("gaussian", steps=1, conditions=[{"step": 1, "moves": {"equity": "-10 %"}}])
    (fact,), (one,) = condition_facts(asked), asked.shocks.conditions
    moves = one.rows[0] @ np.expm1(engine_draws(asked, SEED, 20_000)[0])
    assert abs(moves.mean() - fact["simple_moves"]["equity"]) < 5 * moves.std() / math.sqrt(20_000)
    assert moves.mean() > -0.1
