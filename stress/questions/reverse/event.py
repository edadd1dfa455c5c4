"""What a shock is to bring about, as one writes it, and whether it happens on a path.

    event   = measure "(" who ")" [ ">" number [ unit ] ]
    who     = a fund, a group of the scenario, or "system"

`called(quant)` and `default(system)` have no number; `loss(system) > 15 %` has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from stress.questions.limit_grammar import LONGEST, SYSTEM, LimitError
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import Problem
from stress.scenarios.read.units import UnitError, loss, money

MEASURES = {  # as written -> as `PathMetrics` has it
    "loss": "fund_loss",
    "trough": "trough",
    "drawdown": "max_drawdown",
    "loss_static": "fund_loss_static",
    "called_nav_share": "called_share",
    "defaulted_nav_share": "defaulted_share",
    "called_usd": "called",
    "forced_sales_usd": "forced_sales",
}
FLAGS = {"called": "called", "default": "defaulted"}  # of any member
EXAMPLE = "'loss(system) > 15 %', 'called(quant)' or 'default(multistrat)'"
_FORM = re.compile(r"\s*([^\s()<>=]+)\s*\(\s*(?:\"([^\"]*)\"|([^()\"]*?))\s*\)\s*(?:([<>=!]+)\s*(.*?)\s*)?", re.DOTALL)


@dataclass(frozen=True)
class Event:
    """What is to happen on a path.

    Attributes:
        text: as it was written.
        measure: one of MEASURES or FLAGS.
        who: a fund, a group or "system".
        bound: fraction of NAV, or USD of a measure in USD; it is to be exceeded. 0 of FLAGS.
        strict: whether the bound itself is not enough.
    """

    text: str
    measure: str
    who: str
    bound: float
    strict: bool = True

    @property
    def is_flag(self) -> bool:
        """Whether it happens or not, without an amount."""
        return self.measure in FLAGS

    @property
    def smooth(self) -> bool:
        """Whether its amount is a loss, which a slightly larger shock makes slightly larger."""
        return self.measure in ("loss", "trough", "drawdown", "loss_static")

    @property
    def in_usd(self) -> bool:
        """Whether its amount is in USD."""
        return self.measure.endswith("_usd")


def parse_event(text: str) -> Event:
    """Read what a shock is to bring about; knows nothing yet of who is there.

    Raises:
        LimitError: anything else; the message says what is allowed.
    """
    if not isinstance(text, str):
        raise LimitError(f"{text!r} is no text\n  a limit of one path reads like {EXAMPLE}")
    if len(text) > LONGEST:
        raise LimitError(f"a limit has at most {LONGEST} characters; this one has {len(text)}")

    def error(problem: str) -> LimitError:
        return LimitError(f"{text.strip()!r}: {problem}\n  a limit of one path reads like {EXAMPLE}")

    found = _FORM.fullmatch(text)
    if found is None:
        raise error("is not of the form MEASURE(WHO) > NUMBER")
    measure, quoted, plain, sign, number = found.groups()
    who, known = (plain if quoted is None else quoted), (*MEASURES, *FLAGS)
    if measure not in known:
        raise error(f"unknown measure {measure!r}; {suggest(measure, known)}")
    if not who:
        raise error(f'{measure}(...) names a fund, a group or "system" in parentheses')
    words = " ".join(text.split())
    if measure in FLAGS:
        if sign is not None:
            raise error(f"{measure}(...) happens or not: it has no number")
        return Event(words, measure, who, 0.0)
    if sign not in (">", ">="):
        raise error(f"expected > or >= and a number, found {sign or 'the end'!r}: a shock is to exceed it")
    try:
        bound = money(number) if measure.endswith("_usd") else loss(number)
    except UnitError as problem:
        raise error(f"the limit {number!r} {problem.problem}; allowed: {problem.allowed}") from problem
    if not bound >= 0.0 or not np.isfinite(bound):
        raise error(f"{number} is no amount to exceed; allowed: 0 or more")
    return Event(words, measure, who, bound, sign == ">")


def names_of(problem: Problem, members: bool) -> tuple[str, ...]:
    """Who has a row of the kernels' metrics, in their order: funds, groups, the system."""
    return (*(problem.funds.ids if members else problem.funds.types), *problem.fund_groups, SYSTEM)


def check_event(event: Event, problem: Problem, members: bool) -> Event:
    """The event, where its fund is there.

    Raises:
        ScenarioError: it is not; or nobody can be called or sold out in this scenario.
    """
    names = names_of(problem, members)
    if event.who not in names:
        what = f"unknown fund {event.who!r}"
        raise ScenarioError(what, file=problem.name, key="limit", value=event.text, allowed=suggest(event.who, names))
    if not problem.cascade.feedback and event.measure not in ("loss", "trough", "drawdown", "loss_static"):
        what = "cannot happen: cascade.feedback is false, so nobody is called and nobody sells"
        raise ScenarioError(what, file=problem.name, key="limit", value=event.text, allowed="a loss, or feedback")
    return event


class Judge:
    """Tells of paths whether the event happens; amounts are fractions of NAV there."""

    def __init__(self, event: Event, problem: Problem, members: bool, nav: npt.NDArray[np.float64]) -> None:
        """`nav` is that of each row of `names_of`, USD."""
        self.event, self.row = event, names_of(problem, members).index(event.who)
        self.bound = event.bound / float(nav[self.row]) if event.in_usd else event.bound

    def amounts(self, metrics: dict[str, Any]) -> npt.NDArray[np.float64]:
        """The amount on each path, (path,), of a flag 1 or 0."""
        if self.event.is_flag:
            flag = metrics["first_call_step"] > 0 if self.event.measure == "called" else metrics["defaulted"]
            return np.asarray(flag[self.row], np.float64)
        return np.asarray(metrics[MEASURES[self.event.measure]][self.row], np.float64)

    def happens(self, metrics: dict[str, Any]) -> npt.NDArray[np.bool_]:
        """Whether it happens, (path,)."""
        amounts = self.amounts(metrics)
        return np.asarray(amounts > self.bound if self.event.strict or self.event.is_flag else amounts >= self.bound)


def loss_beyond(who: str, bound: float) -> Event:
    """The event that a loss exceeds a bound, written out."""
    text = f"{100 * bound:.4g} %"
    return replace(parse_event(f'loss("{who}") > {text}'), text=f"loss({who}) > {text}")
