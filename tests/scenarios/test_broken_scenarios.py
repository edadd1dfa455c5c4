"""Every kind of broken scenario is refused with the key, the file and what is allowed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scenario_example import example, problem_of
from stress.scenarios.errors import ScenarioError


def _changed(path: str, value: object) -> dict[str, Any]:
    """The example with one value set; "-" as the value removes the key."""
    document: Any = example()
    here = document
    *parents, last = path.split("/")
    for part in parents:
        here = here[int(part)] if part.isdigit() else here.setdefault(part, {})
    if value == "-":
        del here[last]
    elif isinstance(here, list):
        here[int(last)] = value
    else:
        here[last] = value
    return dict(document)


BROKEN = [
    # what is wrong, where, the value put there, the key the error names, a phrase of the message
    ("unknown table", "casade", {}, "casade", "did you mean 'cascade'"),
    ("unknown key", "shocks/scael", 1, "shocks.scael", "did you mean 'scale'"),
    ("unknown key of a fund", "funds/0/grosss", 1, "funds.quant.grosss", "did you mean 'gross'"),
    ("missing key", "assets/0/adv", "-", "assets.semis.adv", "is missing"),
    ("missing schema", "schema", "-", "schema", "is missing"),
    ("other schema", "schema", 2, "schema", "1"),
    ("no assets", "assets", [], "assets", "1 or more"),
    ("unknown shock model", "shocks/model", "cauchy", "shocks.model", "'none', 'gaussian', 'student_t'"),
    ("factor correlation", "correlation/factor", {}, "correlation.matrix", "exactly one of: matrix, constant, factor"),
    (
        "condition",
        "shocks/condition",
        [{"step": 9, "moves": {"semis": -0.1}}],
        "shocks.condition[0].step",
        "lies outside the horizon",
    ),
    ("memory of the impact", "impact/memory", "round", "impact.memory", "not implemented in this version"),
    ("impact law", "impact/law", "cubic", "impact.law", "'bounded_exponential' or 'exponential'"),
    ("margin method", "margin/method", "span", "margin.method", "'haircut', 'portfolio' or 'none'"),
    ("estimation method", "estimation/method", "importance", "estimation.method", "'plain'"),
    ("negative volume", "assets/0/adv", -1, "assets.semis.adv", "greater than 0"),
    ("zero volatility", "assets/1/vol", "0 %", "assets.bonds.vol", "greater than 0"),
    ("NaN", "assets/1/vol", float("nan"), "assets.bonds.vol", "not finite"),
    ("infinite", "funds/1/nav", float("inf"), "funds.longs.nav", "not finite"),
    ("another unit", "funds/1/nav", "2 bn EUR", "funds.longs.nav", "unknown unit 'bn EUR'"),
    ("text for a number", "assets/0/vol", "wild", "assets.semis.vol", "is no number"),
    ("true for a number", "funds/0/gross", True, "funds.quant.gross", "is not a number"),
    ("fraction of a step", "horizon/steps", 2.5, "horizon.steps", "whole number"),
    ("text for true", "cascade/feedback", "no", "cascade.feedback", "true or false"),
    ("table for a list", "funds", {"id": "x"}, "funds", "a list"),
    ("asset class", "assets/0/asset_class", "stocks", "assets.semis.asset_class", "'equity'"),
    ("path in an id", "assets/0/id", "../semis", "assets.../semis.id", "is no valid id"),
    ("long id", "funds/0/id", "q" * 65, f"funds.{'q' * 65}.id", "is no valid id"),
    ("system as an id", "funds/0/id", "system", "funds.system.id", "another id"),
    ("asset twice", "assets/1/id", "semis", "assets.semis.id", "more than once"),
    ("fund twice", "funds/1/id", "quant", "funds.quant.id", "more than once"),
    ("fund like a tier", "funds/1/id", "quant_t2", "funds.quant.id", "both have the member quant_t2"),
    ("book twice", "funds/0/books/1/id", "pod", "funds.quant.books.pod.id", "more than once"),
    ("unknown asset", "funds/1/positions/semi", 0.5, "funds.longs.positions.semi", "did you mean 'semis'"),
    (
        "unknown asset in a book",
        "funds/0/books/0/positions/bond",
        0.5,
        "funds.quant.books.pod.positions.bond",
        "did you mean 'bonds'",
    ),
    ("unknown asset in the script", "shocks/script/0/moves/chips", 0.1, "shocks.script[0].moves.chips", "no asset"),
    ("unknown asset for retail", "retail/weights", {"chips": 1.0}, "retail.weights.chips", "no asset"),
    ("unknown name of a rate", "margin/rates", {"equities": 0.1}, "margin.rates.equities", "did you mean 'equity'"),
    ("step outside the horizon", "shocks/script/0/step", 5, "shocks.script[0].step", "1 to 4"),
    ("step 0", "shocks/script/0/step", 0, "shocks.script[0].step", "1 or more"),
    ("loss of everything", "shocks/script/0/moves/semis", "-100 %", "shocks.script[0].moves.semis", "-99.99 %"),
    ("loss of nearly everything", "shocks/script/0/moves/semis", -0.99991, "shocks.script[0].moves.semis", "-99.99 %"),
    (
        "scripted twice",
        "shocks/script/1",
        {"step": 1, "moves": {"semis": 0.1}},
        "shocks.script[1].moves.semis",
        "twice at step 1",
    ),
    ("endless half-life", "impact/half_life", float("inf"), "impact.half_life", 'or "none" (no decay)'),
    ("no half-life", "impact/half_life", 0, "impact.half_life", "is not positive"),
    ("text for a half-life", "impact/half_life", "never", "impact.half_life", 'or "none" (no decay)'),
    ("few degrees of freedom", "shocks/dof", 2, "shocks.dof", "greater than 2"),
    ("net above gross", "funds/0/net", 3.5, "funds.quant.net", "exceeds the gross"),
    ("net alone", "funds/1/net", 0.5, "funds.longs.net", "without gross"),
    ("neither positions nor books", "funds/1/positions", "-", "funds.longs.positions", "exactly one of"),
    ("positions and books", "funds/0/positions", {"semis": 1}, "funds.quant.positions", "exactly one of"),
    (
        "gross of nothing",
        "funds/1",
        {"id": "e", "nav": 1, "gross": 1, "positions": {}},
        "funds.e.gross",
        "holds nothing",
    ),
    (
        "missing side",
        "funds/1",
        {"id": "e", "nav": 1, "gross": 1, "net": 0, "positions": {"semis": 1}},
        "funds.e.net",
        "needs short positions",
    ),
    ("broker shares", "funds/0/prime_brokers/pb_a", 0.5, "funds.quant.prime_brokers", "sums to 1.1"),
    ("tier shares", "funds/0/tiers/nav", [0.3, 0.3, 0.3, 0.3], "funds.quant.tiers.nav", "sums to 1.2"),
    ("tier grosses", "funds/0/tiers/gross", [1, 1, 1, 2], "funds.quant.tiers.gross", "averages to 1.05"),
    ("tiers of two lengths", "funds/0/tiers/gross", [1, 1], "funds.quant.tiers.gross", "as many as nav: 4"),
    ("tiers and count", "funds/0/count", 3, "funds.quant.count", "one of: tiers, count"),
    ("spread alone", "funds/1/leverage_spread", 0.1, "funds.longs.leverage_spread", "together with count"),
    ("lockup of two tiers", "funds/0/margin/lockup_steps", [1, 2], "funds.quant.margin.lockup_steps", "each of 4"),
    ("negative lockup", "funds/0/margin/lockup_steps", -1, "funds.quant.margin.lockup_steps", "0 or more"),
    ("thin buffer", "margin/buffer", 0.005, "margin.buffer", "0.01 or more"),
    ("starts in a call", "funds/1/positions/semis", 7.0, "funds.longs.gross", "a gross of 6.6666 at most"),
    ("starts above the limit", "triggers/max_leverage", 1.5, "funds.longs.triggers.max_leverage", "1.6 or more"),
    (
        "target above the limit",
        "funds/0/triggers/target_leverage",
        "1.3 x start",
        "funds.quant.triggers.target_leverage",
        "a target below",
    ),
    ("margin rate missing", "assets/1/margin", "-", "assets.bonds.margin", "quant holds the asset on margin"),
    ("ladder that falls", "triggers/stop_loss", [[0.1, 0.2], [0.05, 0.3]], "triggers.stop_loss", "not increasing"),
    ("ladder whose cuts fall", "triggers/stop_loss", [[0.1, 0.2], [0.2, 0.1]], "triggers.stop_loss", "not increasing"),
    ("ladder point of three", "triggers/stop_loss", [[0.1, 0.2, 0.3]], "triggers.stop_loss[0]", "2 entries at most"),
    (
        "ladder of a book",
        "funds/0/books/0/stop_loss",
        [[0.1, 1.2]],
        "funds.quant.books.pod.stop_loss",
        "outside [0, 1]",
    ),
    ("shares of books", "funds/0/books/1/share", 0.7, "funds.quant.books", "sum to 1.1"),
    ("level of 1", "estimation/levels", [0.95, 1.0], "estimation.levels[1]", "outside (0, 1)"),
    ("level twice", "estimation/levels", [0.95, "95 %"], "estimation.levels", "distinct"),
    ("matrix and constant", "correlation/constant", 0.3, "correlation.matrix", "exactly one of"),
    ("not symmetric", "correlation/matrix/0/1", 0.4, "correlation.matrix.bonds.semis", "symmetric"),
    ("diagonal", "correlation/matrix/0/0", 0.9, "correlation.matrix.semis.semis", "1 on the diagonal"),
    ("short row", "correlation/matrix/0", [1.0], "correlation.matrix", "3 rows of 3 entries"),
    ("correlation above 1", "correlation/constant", 1.5, "correlation.constant", "1 or less"),
    ("indefinite", "correlation", {"constant": -0.9}, "correlation.constant", "smallest eigenvalue is -0.8"),
    ("blend weight", "correlation/blend", {"matrix": "m.csv", "weight": 2}, "correlation.blend.weight", "1.0 or less"),
    ("missing file", "correlation/matrix", "nowhere.csv", "correlation.matrix", "cannot read the file"),
    ("missing positions", "funds/1/positions", "nowhere.csv", "funds.longs.positions", "cannot read the file"),
]


@pytest.mark.parametrize(
    ("path", "value", "key", "phrase"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_refused(path: str, value: object, key: str, phrase: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(phrase)) as caught:
        problem_of(_changed(path, value))
    assert caught.value.key == key
    assert caught.value.file == "<document>"
    assert caught.value.allowed
    assert key in str(caught.value)


def test_the_example_itself_is_sound() -> None:
    assert problem_of(example()).name == "example"


def test_the_highest_feasible_gross_is_feasible() -> None:
    document = _changed("funds/1/gross", 7.0)
    with pytest.raises(ScenarioError) as caught:
        problem_of(document)
    highest = float(re.findall(r"a gross of ([0-9.]+)", caught.value.allowed)[0])
    assert problem_of(document, f"funds.longs.gross={highest}").funds.ids[0] == "longs"
    with pytest.raises(ScenarioError):
        problem_of(document, f"funds.longs.gross={highest + 2e-4}")


def test_a_move_may_leave_a_ten_thousandth() -> None:
    script = problem_of(_changed("shocks/script/0/moves/semis", "-99.99 %")).shocks.script
    assert script.min() == -0.9999


def test_all_problems_are_listed() -> None:
    document = _changed("assets/0/vol", -1)
    document["casade"] = {}
    document["funds"][0] |= {"colour": "red", "gros": 2, "nav": "wild"}
    document["funds"][1]["positons"] = document["funds"][1].pop("positions")
    with pytest.raises(ScenarioError) as caught:
        problem_of(document, "assets.bonds.vol=-1")
    first, *others = [caught.value, *caught.value.further]
    assert first.key == "casade"
    assert {error.key: error.problem for error in others} == {
        "assets.semis.vol": "is not allowed",
        "assets.bonds.vol": "is not allowed",
        "funds.quant.colour": "unknown key",
        "funds.quant.gros": "unknown key",
        "funds.quant.nav": "is no number",
        "funds.longs.positons": "unknown key",  # and not that positions are missing
    }
    text = str(caught.value)
    assert text.count("<document>: ") == 7
    assert text.count("\n  allowed: ") == 7
    assert all(error.key in text and error.allowed in text for error in others)


def test_a_long_list_of_problems_ends_with_their_number() -> None:
    document = example()
    document["funds"][1]["positions"] = {f"a{n}": "wild" for n in range(12)}
    with pytest.raises(ScenarioError, match="and 2 more problems in this file") as caught:
        problem_of(document)
    assert str(caught.value).count("is no number") == 10


def test_labels_of_a_matrix_are_checked() -> None:
    rows: dict[str, dict[str, float]] = {"semis": {"semis": 1.0, "bonds": 0.1}, "bonds": {"semis": 0.1, "bonds": 1.0}}
    with pytest.raises(ScenarioError, match="lacks japan"):
        problem_of(example(correlation={"matrix": rows}))
    rows["chips"] = {}
    with pytest.raises(ScenarioError, match="is no asset"):
        problem_of(example(correlation={"matrix": rows}))
