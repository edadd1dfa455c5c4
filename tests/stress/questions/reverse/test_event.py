"""What a shock is to bring about is read as written, and refused where it makes no sense."""

from __future__ import annotations

import numpy as np
import pytest

from stress.questions.limit_grammar import LimitError
from stress.questions.reverse.event import check_event, loss_beyond, parse_event
from stress.questions.reverse.model import check_model
from stress.scenarios.errors import ScenarioError
from tiny import make_problem


def test_limits_of_one_path() -> None:
    event = parse_event(" loss(system) >= 15 %")
    assert (event.measure, event.who, event.bound, event.strict) == ("loss", "system", 0.15, False)
    assert parse_event('forced_sales_usd("my fund") > 2 bn').bound == 2e9
    assert parse_event("loss(quant) > 3000 %").bound == 30
    assert parse_event("called(quant)").is_flag
    assert loss_beyond("system", 0.2362).bound == pytest.approx(0.2362)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss system", "not of the form"),
        ("luck(quant) > 1 %", "unknown measure"),
        ("loss() > 1 %", "names a fund"),
        ("default(quant) > 1", "happens or not"),
        ("loss(quant) < 1 %", "a shock is to exceed it"),
        ("loss(quant)", "the end"),
        ("loss(quant) > -1 %", "0 or more"),
        ("loss(quant) > 15 apples", "apples"),
        ("loss(quant) > 30", '3,000 % of NAV.*did you mean "30 %"'),
        ("called_nav_share(quant) >= 2", '200 % of NAV.*did you mean "2 %"'),
        ("x" * 301, "characters"),
    ],
)
def test_anything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(LimitError, match=message):
        parse_event(text)


def test_funds_and_models_that_are_not_there() -> None:
    with pytest.raises(ScenarioError, match="nobody"):
        check_event(parse_event("called(nobody)"), make_problem(), False)
    still = make_problem(cascade={"feedback": False})
    with pytest.raises(ScenarioError, match="feedback"):
        check_event(parse_event("called(quant)"), still, False)
    with pytest.raises(ScenarioError, match=r"(?s)shocks\.model.*gaussian, student_t"):
        check_model(make_problem(shocks={"model": "none", "script": np.zeros((8, 5))}))
