"""Prices with the faults that files have: each is mended by its rule and named with instrument and day, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from own_book_example import DAYS, prices
from stress.own_book.mending.rules import Rules
from stress.own_book.prices import CleanPrices, read_prices
from stress.scenarios.errors import ScenarioError

CLEAN = prices()
TRUE = np.log(CLEAN).diff().iloc[1:]


def day(n: int) -> str:
    return f"{DAYS[n]:%Y-%m-%d}"


def mended(frame: Any, **rules: Any) -> CleanPrices:
    return read_prices(frame, kind="prices", rules=Rules(**rules))


def lines(clean: CleanPrices, section: str, name: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(line.text, line.dates) for line in clean.report.lines[section] if line.what == name]


def test_clean_prices_stay_as_they_are() -> None:
    clean = mended(CLEAN)
    pd.testing.assert_frame_equal(clean.returns, TRUE, check_freq=False)
    assert not any(clean.report.lines[section] for section in ("mended", "left_out", "limits"))


@pytest.mark.parametrize(("factor", "told"), [(1 / 4, "split 4 for 1"), (10.0, "split 1 for 10")])
def test_a_split_is_undone(factor: float, told: str) -> None:
    frame = CLEAN.copy()
    frame.loc[DAYS[90] :, "BRK.B"] *= factor
    clean = mended(frame)
    np.testing.assert_allclose(clean.returns["BRK.B"], TRUE["BRK.B"], atol=1e-12)
    ((text, dates),) = lines(clean, "mended", "BRK.B")
    assert text.startswith(told)
    assert dates == (day(90),)
    assert clean.last["BRK.B"] == frame["BRK.B"].iloc[-1]  # what a share costs today


def test_what_is_no_split_stays_and_is_named() -> None:
    """A fall by 38 %, a volatility index that doubles, and a split that the user says is none."""
    frame = CLEAN.copy()
    frame.loc[DAYS[50] :, "AAPL"] *= 0.62
    frame.loc[DAYS[60] :, "WTI CL1"] *= 2.0
    frame.loc[DAYS[70] :, "COP"] *= 0.5
    clean = mended(frame, keep=frozenset({("COP", day(70))}))
    expected = TRUE.copy()
    for n, name, factor in ((50, "AAPL", 0.62), (60, "WTI CL1", 2.0), (70, "COP", 0.5)):
        expected.loc[DAYS[n], name] += np.log(factor)
    np.testing.assert_allclose(clean.returns, expected, atol=1e-12)
    assert [dates for _, dates in lines(clean, "limits", "AAPL")] == [(day(50),)]
    assert [dates for _, dates in lines(clean, "limits", "WTI CL1")] == [(day(60),)]
    assert lines(clean, "limits", "COP") == []


def test_a_spike_and_a_zero_are_no_prices() -> None:
    frame = CLEAN.copy()
    frame.loc[DAYS[40], "AAPL"] *= 100
    frame.loc[DAYS[41], "COP"] = 0.0
    clean = mended(frame)
    for n, name, told in ((40, "AAPL", "back the next day"), (41, "COP", "a price of 0")):
        assert clean.returns.loc[DAYS[n], name] == 0.0
        assert clean.returns.loc[DAYS[n + 1], name] == pytest.approx(TRUE[name].loc[DAYS[n : n + 2]].sum())
        assert told in lines(clean, "mended", name)[0][0]
        assert lines(clean, "mended", name)[0][1] == (day(n),)


def test_few_days_without_a_price_are_carried() -> None:
    frame = CLEAN.copy()
    frame.loc[DAYS[30:35], "AAPL"] = np.nan
    clean = mended(frame)
    np.testing.assert_array_equal(clean.returns["AAPL"].loc[DAYS[30:35]], 0.0)
    assert clean.returns.loc[DAYS[35], "AAPL"] == pytest.approx(TRUE["AAPL"].loc[DAYS[30:36]].sum())
    assert lines(clean, "mended", "AAPL")[0][1] == tuple(day(n) for n in range(30, 35))


def test_holidays_are_left_out() -> None:
    frame = CLEAN.copy()
    frame.loc[DAYS[20]] = np.nan
    frame.loc[DAYS[21], frame.columns != "EURUSD"] = np.nan  # one price of eight is under the quorum
    clean = mended(frame)
    assert len(clean.returns) == len(TRUE) - 2
    assert clean.returns.loc[DAYS[22], "AAPL"] == pytest.approx(TRUE["AAPL"].loc[DAYS[20:23]].sum())
    assert lines(clean, "left_out", "prices")[0][1] == (day(20), day(21))


def test_closes_that_stand_still_are_filled() -> None:
    frame = CLEAN.copy()
    frame.loc[DAYS[100] :, "BMW GY"] = frame.loc[DAYS[100], "BMW GY"]
    clean = mended(frame)
    own = clean.returns["BMW GY"]
    assert (own.loc[DAYS[101] :] != 0).all()
    np.testing.assert_allclose(own.loc[: DAYS[100]], TRUE["BMW GY"].loc[: DAYS[100]], atol=1e-12)
    stale, filled = lines(clean, "mended", "BMW GY")
    assert stale[0].startswith("59 unchanged closes")
    assert stale[1] == filled[1] == (day(101), day(159))
    assert filled[0].startswith("59 days")
    assert len(lines(mended(frame, stale_days=59), "mended", "BMW GY")) == 2
    assert len(lines(mended(frame, stale_days=60), "mended", "BMW GY")) == 0
    assert (mended(frame, stale_days=60).returns["BMW GY"].loc[DAYS[101] :] == 0).all()


def test_a_late_listing_is_filled_with_its_beta_and_its_spread() -> None:
    days = pd.bdate_range("2015-01-01", periods=2000)
    rng = np.random.default_rng(2)
    moves = 0.01 * rng.standard_normal((2000, 5))
    moves[:, 4] = 0.005 + 1.5 * moves[:, :4].mean(axis=1) + 0.012 * rng.standard_normal(2000)
    frame = pd.DataFrame(100 * np.exp(moves.cumsum(axis=0)), index=days, columns=list("ABCDE"))
    frame.loc[: days[999], "E"] = np.nan
    clean = mended(frame)
    before = clean.returns.loc[: days[1000]]
    market = before[list("ABCD")].mean(axis=1)
    assert np.polyfit(market, before["E"], 1)[0] == pytest.approx(1.5, abs=0.4)  # five errors
    assert before["E"].std() == pytest.approx(clean.returns["E"].loc[days[1001] :].std(), rel=0.15)
    assert before["E"].mean() == pytest.approx(0, abs=0.0025)  # of 1,000 days: five errors; its drift is not filled in
    assert "lists late" in lines(clean, "mended", "E")[0][0]
    pd.testing.assert_frame_equal(clean.returns, mended(frame).returns)  # the draws are those of its name
    others = mended(frame[list("EDCBA")]).returns[list("ABCDE")]
    pd.testing.assert_frame_equal(clean.returns, others)


def test_a_price_that_is_old_is_named_and_one_that_is_too_old_is_refused() -> None:
    frame = CLEAN.copy()
    frame.loc[DAYS[80] :, "COP"] = np.nan
    clean = mended(frame)
    assert lines(clean, "limits", "COP") == [("its last price is old, and quantities without one take it", (day(79),))]
    assert clean.last["COP"] == CLEAN["COP"].iloc[79]
    with pytest.raises(ScenarioError, match="COP: has no price on the last 80 days"):
        mended(frame, old_days=79)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.assign(COP=-f["COP"]), "COP = -"),
        (lambda f: f.assign(COP=f["COP"].where(f.index > DAYS[120])), "has 38 daily returns of its own"),
        (lambda f: f.assign(COP=5.0), "has 0 daily returns of its own"),
        (lambda f: f.assign(COP=np.nan), "has no price at all"),
        (lambda f: f.iloc[:60], "holds 60 days"),
    ],
)
def test_what_no_rule_mends_is_refused(change: Any, says: str) -> None:
    with pytest.raises(ScenarioError, match=says) as raised:
        mended(change(CLEAN))
    assert raised.value.allowed


def test_only_what_is_asked_for_is_read() -> None:
    assert list(read_prices(CLEAN, only=["COP"]).returns.columns) == ["COP"]
    with pytest.raises(ScenarioError, match="is no column"):
        read_prices(CLEAN, only=["COPX"])
