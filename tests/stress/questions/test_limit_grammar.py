"""`--fail-on`: limits are read as they are written, and anything else is refused and said why."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stress.questions.limit_grammar import COMPARISONS, MEASURES, WITH_LEVEL
from stress.questions.limits import (
    LimitError,
    parse_limit,
)


@pytest.mark.parametrize(
    ("text", "measure", "who", "level", "comparison", "bound"),
    [
        ("es(quant, 0.99) > 0.25", "es", "quant", "0.99", ">", 0.25),
        ("var(system, 0.999) > 10 %", "var", "system", "0.999", ">", 0.1),
        ("var( system ,99.9 %)>=10%", "var", "system", "0.999", ">=", 0.1),
        ("prob_default(family_office) > 1 %", "prob_default", "family_office", None, ">", 0.01),
        ("amplification(system, 0.990) < 1.5", "amplification", "system", "0.99", "<", 1.5),
        ("prob_margin_call(quant) <= 0.5", "prob_margin_call", "quant", None, "<=", 0.5),
        ("broker_loss_es(pb_a, 0.99) > 5 bn USD", "broker_loss_es", "pb_a", "0.99", ">", 5e9),
        ("es(system, 0.99) > 150 %", "es", "system", "0.99", ">", 1.5),
        ("es(system, 0.99) > 1", "es", "system", "0.99", ">", 1.0),
        ("added_loss(long-short.2, 0.95) > 25 bp", "added_loss", "long-short.2", "0.95", ">", 0.0025),
        ("mean_loss(0) > -2 %", "mean_loss", "0", None, ">", -0.02),
        ("expected_forced_sales_usd(fund) > 5e10", "expected_forced_sales_usd", "fund", None, ">", 5e10),
    ],
)
def test_limits_are_read_as_written(
    text: str, measure: str, who: str, level: str | None, comparison: str, bound: float
) -> None:
    limit = parse_limit(f"  {text}\n")
    assert (limit.text, limit.measure, limit.who, limit.level) == (text, measure, who, level)
    assert (limit.comparison, limit.bound) == (comparison, bound)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a measure, found 'the end'"),
        ("> 3", "expected a measure, found '>'"),
        ("ess(quant, 0.99) > 1", "did you mean 'es'?"),
        ("__import__(os) > 1", "unknown measure"),
        ("es", "es(..., LEVEL) names a fund"),
        ("es() > 1", "expected a fund or \"system\", found ')'"),
        ("broker_loss_mean() > 1", "expected a prime broker"),
        ("es(quant) > 1", "needs a level, as in es(quant, 0.99)"),
        ("es(quant, 99) > 1", "the level '99' is outside (0, 1)"),
        ("es(quant, 0.9 9) > 1", "the level '0.9 9' has the unknown unit"),
        ("es(quant, 0.99 > 1", "expected the end of the level, found '>'"),
        ("prob_default(quant, 0.99) > 1 %", "this measure has no level"),
        ("es(quant, 0.99) = 1", "expected one of > >= < <=, found '='"),
        ("es(quant, 0.99) => 1", "found '=>'"),
        ("es(quant, 0.99) >", "the limit '' is no number"),
        ("es(quant, 0.99) > nan", "the limit 'nan' is not finite"),
        ("es(quant, 0.99) > 1e999", "is too large"),
        ("es(quant, 0.99) > 5 bn USD", "unknown unit 'bn USD'"),
        (
            "es(quant, 0.99) > 25",
            "'25' is 2,500 % of NAV; allowed: a fraction up to 1, or a percentage; did you mean \"25 %\"?",
        ),
        ("expected_max_drawdown(quant) > 1.5", 'did you mean "1.5 %"?'),
        ("es(quant, 0.99) > 1 + 1", "unknown unit '+ 1'"),
        ("expected_called_usd(quant) > 5 %", "in USD"),
        ("es(quant, 0.99) > 1 and var(quant, 0.99) > 1", "one comparison for each limit"),
        ("0.1 < es(quant, 0.99)", "unknown measure '0.1'"),
        ("es(quant, 0.99) > 0.1 > 0.2", "one comparison for each limit"),
        ("prob_default(quant) > 5", "a probability is never 5"),
        ("broker_loss_prob(pb) < -1 %", "a probability is never -1 %"),
        ("es(" + "a" * 400 + ", 0.99) > 1", "at most 300 characters"),
    ],
)
def test_what_is_no_limit_is_refused_and_said_why(text: str, said: str) -> None:
    with pytest.raises(LimitError) as refused:
        parse_limit(text)
    assert said in str(refused.value)


PIECES = st.sampled_from(
    [*MEASURES, *COMPARISONS, *"()=,.%'\"\\;{}[] \n\x00", "0.99", "1e9", "system", "and", "bn USD"]
)


@settings(max_examples=600)
@given(st.one_of(st.text(max_size=320), st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES).map("".join)))
@example("es(a,0.99)>1e99999999999999999999")
@example("es(a,0." + "9" * 250 + ")>1")
@example("es(a,٠.99)>1")
def test_any_text_is_a_limit_or_a_limit_error(text: str) -> None:
    try:
        limit = parse_limit(text)
    except LimitError:
        return
    assert limit.measure in MEASURES
    assert math.isfinite(limit.bound)


words = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", fullmatch=True)


@given(
    st.sampled_from(MEASURES), words, st.sampled_from(sorted(COMPARISONS)), st.floats(0, 1), st.sampled_from(["", " "])
)
def test_every_fund_id_and_number_survives_the_reading(
    measure: str, who: str, comparison: str, bound: float, gap: str
) -> None:
    level = f",{gap}0.975" if measure in WITH_LEVEL else ""
    limit = parse_limit(f"{measure}({who}{level}){gap}{comparison}{gap}{bound!r}")
    assert (limit.measure, limit.who, limit.comparison, limit.bound) == (measure, who, comparison, bound)
