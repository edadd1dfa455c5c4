"""An error planted in any one kernel makes the check of a probe fail that is about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import jax.numpy as jnp
import numpy as np
import pytest

from planted import Planted, changed, field, first_argument_back, giving, put, times
from stress.questions.validate import agreement
from stress.questions.validate.agreement import against_reference
from stress.questions.validate.draws import law_of_the_draw
from stress.questions.validate.kernels import engine_draws
from stress.questions.validate.probes import CHANGES, probe, probe_draws
from stress.questions.validate.readings import gaps, of_reference
from stress.reference.result import Result, simulate


def no_default(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: (None, right(*args)[1])


def depth_off(terms: Any) -> Any:
    return terms._replace(depth=terms.depth * 1.001)


def no_fatigue(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda record, own, now: right(record._replace(fatigue=0.0), own, now)


def no_day(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda record, own, now: right(record, own._replace(day_return=jnp.zeros_like(own.day_return)), now)


SQUARE_ROOT, LINEAR, BOUNDED, EXPONENTIAL = "square-root", "linear", "bounded-exponential", "exponential"
LESS, MORE = times(1 - 1e-6), times(1 + 1e-6)
ALARM = "paths whose first trigger the pass without sales misses"
# what is broken: (module below stress.kernels, attribute, what is planted, the probe and its check that see it)
ERRORS: dict[str, tuple[str, str, Planted, str, str]] = {
    "haircut": ("margin.haircut", "METHOD.by_book", MORE, SQUARE_ROOT, "called"),
    "worst case": ("margin.portfolio", "METHOD.by_member", MORE, SQUARE_ROOT, "called"),
    "terms of brokers": (
        "margin.terms",
        "_multipliers",
        lambda f: lambda *a: tuple(m * 1.001 for m in f(*a)),
        LINEAR,
        "called",
    ),
    "lock-up": ("margin.requirement", "step_terms", changed(3, lambda step: step + 1), SQUARE_ROOT, "first call step"),
    "calls do not age": ("cascade.cascade", "age_calls", first_argument_back, SQUARE_ROOT, "open call"),
    "size of calls": ("cascade.cascade", "record_calls", field(called=lambda x: x * 1.001), LINEAR, "called so far"),
    "priority": (
        "cascade.orders",
        "by_priority",
        lambda f: lambda s, x, size: f(s, x, jnp.ones_like(size)),
        LINEAR,
        "sold by trigger",
    ),
    "margin call": ("triggers.margin_call", "TRIGGER.fraction", LESS, LINEAR, "sold by trigger"),
    "leverage limit": ("triggers.leverage_limit", "TRIGGER.fraction", LESS, LINEAR, "sold by trigger"),
    "stop-loss": ("triggers.stop_loss", "TRIGGER.sale", LESS, LINEAR, "sold by trigger"),
    "peaks of ladders": (
        "triggers.stop_loss",
        "TRIGGER.after_step",
        lambda f: lambda s, b, r, own, m: own,
        LINEAR,
        "sold by trigger",
    ),
    "volatility target": ("triggers.vol_target", "TRIGGER.sale", LESS, LINEAR, "sold by trigger"),
    "volatility of P&L": ("triggers.vol_target", "TRIGGER.after_step", MORE, LINEAR, "sold by trigger"),
    "leverage target": ("triggers.leverage_target", "target_sale", LESS, LINEAR, "sold by trigger"),
    "what a two-way target buys": ("triggers.leverage_target", "TRIGGER.build", LESS, LINEAR, "built by trigger"),
    "overlay": ("triggers.overlay", "TRIGGER.build", LESS, LINEAR, "built by trigger"),
    "close-out": ("triggers.close_out", "TRIGGER.sale", LESS, LINEAR, "sold by trigger"),
    "default of a call that is not cured": (
        "triggers.close_out",
        "TRIGGER.in_default",
        no_default,
        SQUARE_ROOT,
        "defaulted",
    ),
    "alarms of the pass without sales": ("triggers.margin_call", "TRIGGER.alarm", giving(None), LINEAR, ALARM),
    "cap": ("cascade.cascade", "with_room", changed(2, depth_off), SQUARE_ROOT, "sold by trigger"),
    "tiers": ("cascade.orders", "least_of_held", lambda f: lambda s, x: jnp.maximum(f(s, x), 0.5), SQUARE_ROOT, "held"),
    "what waits": ("cascade.orders", "counted", lambda f: lambda s, now: now.held, SQUARE_ROOT, "at round limit"),
    "square root": ("impact.square_root", "LAW.log_change", MORE, SQUARE_ROOT, "price"),
    "linear": ("impact.linear", "LAW.log_change", MORE, LINEAR, "price"),
    "bounded": ("impact.bounded_exponential", "LAW.log_change", MORE, BOUNDED, "price"),
    "the bound": ("impact.bounded_exponential", "LAW.lowest", lambda f: lambda record: None, BOUNDED, "price"),
    "exponential": ("impact.exponential", "LAW.log_change", MORE, EXPONENTIAL, "price"),
    "execution price": ("cascade.trade", "price_gain", LESS, LINEAR, "execution shortfall"),
    "decay": ("step", "share_left", lambda f: lambda s, impact, *others: impact.decay, SQUARE_ROOT, "rebound"),
    "volatility": ("step", "update_variance", MORE, LINEAR, "volatility"),
    "depth": ("step", "depth_left", LESS, LINEAR, "depth"),
    "retail": ("outside.retail", "FLOW.trade", no_fatigue, SQUARE_ROOT, "retail purchases"),
    "retail's day": ("outside.retail", "FLOW.trade", no_day, BOUNDED, "retail purchases"),
    "own limits look at days": (
        "cascade.orders",
        "before_trades",
        lambda f: lambda s, b, t, seen: seen,
        BOUNDED,
        "sold by trigger",
    ),
    "trough": ("step", "after_step", field(trough=lambda x: x + 1e-9), LINEAR, "trough"),
    "own impact": ("cascade.attribution", "_own", MORE, SQUARE_ROOT, "own impact"),
    "causes": (
        "cascade.attribution",
        "add_round",
        field(execution_shortfall=lambda x: x * (1 + 1e-6)),
        LINEAR,
        "execution shortfall",
    ),
    "P&L by asset": ("cascade.asset_pnl", "add_round", field(pnl=lambda x: x * (1 + 1e-6)), LINEAR, "asset pnl"),
    "sales by trigger": ("step", "booked", field(sold=lambda x: x[::-1]), LINEAR, "sold by trigger"),
    "trough held still": ("quiet", "after_step", field(trough=lambda x: x + 1e-9), LINEAR, "held still trough"),
    "drawdown held still": ("quiet", "after_step", field(drawdown=lambda x: x + 1e-9), LINEAR, "held still drawdown"),
    "losses held still": ("quiet", "simple_return", MORE, LINEAR, "held still loss"),
}
# of what a path reports, which `finish` gives: (field, what is planted, the check that fails)
REPORTED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "broker_loss": (lambda x: x * 1.001, "broker loss"),
    "called_share": (lambda x: x + 1e-9, "called share"),
    "defaulted_share": (lambda x: x + 1e-9, "defaulted share"),
    "unliquidated": (lambda x: x * 1.001, "unliquidated"),
    "trough_static": (lambda x: x + 1e-9, "trough static"),
    "first_call_step": (lambda x: x + 1, "first call step"),
}
QUICK = ("haircut", "square root", "close-out")


@cache
def by_reference(name: str) -> Result:
    return simulate(probe(name), probe_draws(probe(name)))


def failures(name: str, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setattr(agreement, "simulate", lambda problem, draws: by_reference(name))
    monkeypatch.setattr(agreement, "nearest_threshold", lambda problem, draws: np.inf)
    problem = probe(name)
    checks = against_reference(name, problem, probe_draws(problem))[0]
    return {check.name.removeprefix("kernels against reference: ") for check in checks if not check.passed}


@pytest.mark.parametrize("error", [e if e in QUICK else pytest.param(e, marks=pytest.mark.slow) for e in ERRORS])
def test_a_planted_error_is_seen(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, attribute, plant, name, sees = ERRORS[error]
    put(monkeypatch, f"kernels.{module}", attribute, plant)
    assert sees in failures(name, monkeypatch)


@pytest.mark.parametrize(
    "name", [e if e == "broker_loss" else pytest.param(e, marks=pytest.mark.slow) for e in REPORTED]
)
def test_an_error_in_what_a_path_reports_is_seen_and_nothing_else(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, sees = REPORTED[name]
    put(monkeypatch, "questions.validate.kernels", "finish", field(**{name: change}))
    assert failures(LINEAR, monkeypatch) == {sees}


@pytest.mark.parametrize(
    "name", [n if n in (SQUARE_ROOT, LINEAR) else pytest.param(n, marks=pytest.mark.slow) for n in CHANGES]
)
def test_nothing_is_seen_without_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures(name, monkeypatch) == set()


def test_an_alarm_that_comes_late_or_never_is_counted() -> None:
    acts = np.array([[[0, 0, 0, 1, 1, 1, 0]], [[0, 0, 1, 0, 1, 1, 1]]], bool)  # (step, fund, path)
    alarms = np.array([0, 1, 2, 1, 2, 0, 0])  # the step, 0 = never: the last three are too late
    still = np.zeros(acts.shape)
    for sold, built, call in ((acts, still, still), (still, acts, still), (still, still, acts)):
        result = SimpleNamespace(forced_sales_step_usd=sold, built_usd_step=built, open_call=call.astype(bool))
        found = SimpleNamespace(still=SimpleNamespace(first_trigger=alarms))
        for kept, late in ((np.arange(7), 3.0), (np.arange(5), 1.0), (np.arange(4), 0.0)):
            check = agreement._alarms("it", cast(Any, found), cast(Any, result), kept)
            assert (check.name, check.value, check.passed) == (ALARM, late, late == 0)


def test_each_reading_that_is_missing_is_a_gap() -> None:
    theirs = of_reference(probe(LINEAR), by_reference(LINEAR))
    for name in theirs:
        found = gaps({other: values for other, values in theirs.items() if other != name}, theirs)
        assert {other for other, gap in found.items() if gap.max() > 0} == {name}
        assert np.isinf(found[name]).all()


# -- the draw -------------------------------------------------------------------------------------------------------


def uncorrelated(right: Callable[..., Any]) -> Callable[..., Any]:
    """Each asset draws alone, with the volatility that it should have."""

    def wrong(matrix: Any, z: Any) -> Any:
        return jnp.sqrt((matrix * matrix).sum(axis=1))[:, None] * z[: matrix.shape[0]]

    return wrong


DRAWS: dict[str, tuple[str, str, Planted, str]] = {
    "volatility": ("kernels.shocks.protocol", "correlated", times(1.1), "draws below quantiles of their law"),
    "correlation": ("kernels.shocks.protocol", "product", uncorrelated, "pairs of draws above their medians"),
    "the same step twice": (
        "questions.validate.kernels",
        "draw",
        changed(5, lambda step: step // 2 * 2),
        "draws above their medians in one step and the next",
    ),
}


def draw_failures() -> set[str]:
    problem = probe(LINEAR)
    checks = law_of_the_draw("draw", problem, engine_draws(problem, 1, 4096))
    return {check.name for check in checks if not check.passed}


def test_the_draw_is_that_of_its_law() -> None:
    assert draw_failures() == set()


@pytest.mark.parametrize("error", DRAWS)
def test_an_error_of_the_draw_is_seen(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, attribute, plant, sees = DRAWS[error]
    put(monkeypatch, module, attribute, plant)
    assert sees in draw_failures()
