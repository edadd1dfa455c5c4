"""An error planted in any one kernel makes a probe fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from stress.questions.validate import agreement
from stress.questions.validate.agreement import against_reference
from stress.questions.validate.check import Check
from stress.questions.validate.probes import probe, probe_draws
from stress.reference.result import Result, simulate

Planted = Callable[[Callable[..., Any]], Callable[..., Any]]  # what takes the place of a function, given it


def times(factor: float) -> Planted:
    """What the function gives, times a factor close to 1."""
    return lambda right: lambda *args: right(*args) * factor


def giving(value: Any) -> Planted:
    return lambda right: lambda *args: value


def first_argument_back(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda first, *others: first


def changed(which: int, change: Callable[[Any], Any]) -> Planted:
    """One argument is another."""
    return lambda right: lambda *args: right(*args[:which], change(args[which]), *args[which + 1 :])


def field(**changes: Callable[[Any], Any]) -> Planted:
    """Some fields of the record that the function gives are others."""

    def plant(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(*args: Any) -> Any:
            found = right(*args)
            return found._replace(**{name: change(getattr(found, name)) for name, change in changes.items()})

        return wrong

    return plant


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
# what is broken: (module below stress.kernels, attribute, what is planted, the probe that sees it)
ERRORS: dict[str, tuple[str, str, Planted, str]] = {
    "haircut": ("margin.haircut", "METHOD.by_book", MORE, SQUARE_ROOT),
    "worst case": ("margin.portfolio", "METHOD.by_member", MORE, SQUARE_ROOT),
    "terms of brokers": ("margin.terms", "_multipliers", lambda f: lambda *a: tuple(m * 1.001 for m in f(*a)), LINEAR),
    "lock-up": ("margin.requirement", "step_terms", changed(3, lambda step: step + 1), SQUARE_ROOT),
    "calls do not age": ("cascade.cascade", "age_calls", first_argument_back, SQUARE_ROOT),
    "size of calls": ("cascade.cascade", "record_calls", field(called=lambda x: x * 1.001), LINEAR),
    "priority": ("cascade.orders", "by_priority", lambda f: lambda s, x, size: f(s, x, jnp.ones_like(size)), LINEAR),
    "margin call": ("triggers.margin_call", "TRIGGER.fraction", LESS, LINEAR),
    "leverage limit": ("triggers.leverage_limit", "TRIGGER.fraction", LESS, LINEAR),
    "stop-loss": ("triggers.stop_loss", "TRIGGER.sale", LESS, LINEAR),
    "peaks of ladders": ("triggers.stop_loss", "TRIGGER.after_step", lambda f: lambda s, b, r, own, m: own, LINEAR),
    "volatility target": ("triggers.vol_target", "TRIGGER.sale", LESS, LINEAR),
    "volatility of P&L": ("triggers.vol_target", "TRIGGER.after_step", MORE, LINEAR),
    "leverage target": ("triggers.leverage_target", "target_sale", LESS, LINEAR),
    "what a two-way target buys": ("triggers.leverage_target", "TRIGGER.build", LESS, LINEAR),
    "overlay": ("triggers.overlay", "TRIGGER.build", LESS, LINEAR),
    "close-out": ("triggers.close_out", "TRIGGER.sale", LESS, LINEAR),
    "default of a call that is not cured": ("triggers.close_out", "TRIGGER.in_default", no_default, SQUARE_ROOT),
    "alarms of the pass without sales": ("triggers.margin_call", "TRIGGER.alarm", giving(None), LINEAR),
    "cap": ("cascade.trade", "within_participation", changed(2, depth_off), SQUARE_ROOT),
    "tiers": ("cascade.orders", "least_of_held", lambda f: lambda s, x: jnp.maximum(f(s, x), 0.5), SQUARE_ROOT),
    "what waits": ("cascade.orders", "counted", lambda f: lambda s, now: now.held, SQUARE_ROOT),
    "square root": ("impact.square_root", "LAW.log_change", MORE, SQUARE_ROOT),
    "linear": ("impact.linear", "LAW.log_change", MORE, LINEAR),
    "bounded": ("impact.bounded_exponential", "LAW.log_change", MORE, BOUNDED),
    "the bound": ("impact.bounded_exponential", "LAW.lowest", lambda f: lambda record: None, BOUNDED),
    "exponential": ("impact.exponential", "LAW.log_change", MORE, EXPONENTIAL),
    "execution price": ("cascade.trade", "price_gain", LESS, LINEAR),
    "decay": ("step", "share_left", lambda f: lambda s, impact, *others: impact.decay, SQUARE_ROOT),
    "volatility": ("step", "update_variance", MORE, LINEAR),
    "depth": ("step", "depth_left", LESS, LINEAR),
    "retail": ("outside.retail", "FLOW.trade", no_fatigue, SQUARE_ROOT),
    "retail's day": ("outside.retail", "FLOW.trade", no_day, BOUNDED),
    "own limits look at days": ("cascade.orders", "before_trades", lambda f: lambda s, b, t, seen: seen, BOUNDED),
    "trough": ("step", "after_step", field(trough=lambda x: x + 1e-9), LINEAR),
    "own impact": ("cascade.attribution", "_own", MORE, SQUARE_ROOT),
    "causes": ("cascade.attribution", "add_round", field(execution_shortfall=lambda x: x * (1 + 1e-6)), LINEAR),
    "P&L by asset": ("cascade.asset_pnl", "add_round", field(pnl=lambda x: x * (1 + 1e-6)), LINEAR),
    "sales by trigger": ("step", "booked", field(sold=lambda x: x[::-1]), LINEAR),
}
QUICK = ("haircut", "cap", "square root", "decay", "close-out", "own impact")


@cache
def by_reference(name: str) -> Result:
    return simulate(probe(name), probe_draws(probe(name)))


def failures(name: str, monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    monkeypatch.setattr(agreement, "simulate", lambda problem, draws: by_reference(name))
    monkeypatch.setattr(agreement, "nearest_threshold", lambda problem, draws: np.inf)
    problem = probe(name)
    return [check for check in against_reference(name, problem, probe_draws(problem))[0] if not check.passed]


@pytest.mark.parametrize("error", [e if e in QUICK else pytest.param(e, marks=pytest.mark.slow) for e in ERRORS])
def test_a_planted_error_is_seen(error: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, attribute, plant, name = ERRORS[error]
    owner: Any = import_module(f"stress.kernels.{module}")
    *parts, last = attribute.split(".")
    for part in parts:
        owner = getattr(owner, part)
    monkeypatch.setattr(owner, last, plant(getattr(owner, last)))
    assert failures(name, monkeypatch), f"{error}: nothing was seen"


@pytest.mark.parametrize("name", [LINEAR])
def test_nothing_is_seen_without_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures(name, monkeypatch) == []
