"""Limits for pipelines: their names are checked before a run, and they are judged by its result.

A limit is breached when what it says holds of the result: `es(quant, 0.99) > 25 %` of an expected shortfall of 30 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from stress.questions.limit_grammar import COMPARISONS, IN_USD, OF_BROKER, SYSTEM, Limit, LimitError, parse_limit
from stress.results.terminal.cells import money_unit
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.read.units import level_text

if TYPE_CHECKING:
    import xarray as xr

    from stress.scenarios.problem import Problem

__all__ = [
    "Limit",
    "LimitError",
    "Names",
    "Verdict",
    "check_names",
    "judge",
    "names_in_problem",
    "names_in_result",
    "parse_limit",
]

NEAR = 2.0  # standard errors from the limit within which another seed may well judge otherwise


class Names(NamedTuple):
    """What a limit may name: the funds reported, without the system; prime brokers; levels as decimal text."""

    funds: tuple[str, ...]
    brokers: tuple[str, ...]
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What became of a limit.

    Attributes:
        limit: the limit.
        value: of the result, in the limit's unit; NaN where there is none.
        error: its standard error; NaN where there is none, inf where the paths were too few for one.
        breached: whether the limit is breached; a value that is NaN breaches every limit.
        near: whether the limit lies within NEAR standard errors of the value, or inside its 95 % interval.
    """

    limit: Limit
    value: float
    error: float
    breached: bool
    near: bool

    @property
    def reason(self) -> str:
        """Why there is no value, or what to know about it; empty where there is nothing to say."""
        if math.isnan(self.value):
            why = ": the book held still loses too little for a ratio" if self.limit.measure == "amplification" else ""
            return f"the result has no value{why}, which counts as a breach"
        notes = ["too few paths for a standard error"] if math.isinf(self.error) else []
        if self.near:
            close = 0 < self.error < math.inf and abs(self.value - self.limit.bound) <= NEAR * self.error
            inside = "the limit is inside the 95 % interval of the value"
            notes.append(f"within {NEAR:g} standard errors of the limit" if close else inside)
        return "; ".join(notes)

    def line(self) -> str:
        """One line for a person: the limit, value and standard error, the limit in the same unit, the verdict."""
        bound = _shown(self.limit, self.limit.bound)
        if math.isnan(self.value):
            found = "NaN"
        elif math.isfinite(self.error):
            found = f"{_shown(self.limit, self.value)}, standard error {_shown(self.limit, self.error, 2)}"
        else:
            found = _shown(self.limit, self.value)
        verdict = "breached" if self.breached else "passed"
        return f"limit {verdict}: {self.limit.text}: {found}, limit {bound}" + (f"; {self.reason}" * bool(self.reason))

    def document(self) -> dict[str, Any]:
        """The verdict for JSON; what is not a finite number is None."""
        limit = self.limit
        return {
            "expression": limit.text,
            "measure": limit.measure,
            "prime_broker" if limit.measure in OF_BROKER else "fund": limit.who,
            "level": None if limit.level is None else float(limit.level),
            "comparison": limit.comparison,
            "limit": limit.bound,
            "units": "USD" if limit.measure in IN_USD else "1",
            "value": self.value if math.isfinite(self.value) else None,
            "standard_error": self.error if math.isfinite(self.error) else None,
            "breached": self.breached,
            "near": self.near,
            "reason": self.reason or None,
        }


def names_in_problem(problem: Problem, members: bool) -> Names:
    """What limits on a run of `problem` may name; `members`: every member of a fund type is reported."""
    funds = problem.funds
    return Names(funds.ids if members else funds.types_file_order, funds.brokers, tuple(problem.estimation.levels))


def names_in_result(tree: xr.DataTree) -> Names:
    """What limits on a finished result may name."""
    summary = tree["summary"].to_dataset()
    brokers = summary["prime_broker"].values if "prime_broker" in summary.coords else ()
    levels = [level_text(float(level)) for level in summary["level"].values if level > 0]
    return Names(tuple(map(str, summary["fund"].values)), tuple(map(str, brokers)), tuple(levels))


def check_names(limits: Iterable[Limit], names: Names, where: str) -> None:
    """Refuse limits on funds, prime brokers or levels that `where` does not have.

    Raises:
        ScenarioError: names the limit and what is there, close names first; all such limits at once.
    """
    wrong = [error for limit in limits for error in _unknown(limit, names, where)]
    if wrong:
        first = wrong[0]
        raise ScenarioError(
            first.problem,
            file=first.file,
            key=first.key,
            value=first.value,
            allowed=first.allowed,
            further=tuple(wrong[1:]),
        )


def _unknown(limit: Limit, names: Names, where: str) -> list[ScenarioError]:
    of_broker = limit.measure in OF_BROKER
    kind, known = ("prime broker", names.brokers) if of_broker else ("fund", (*names.funds, SYSTEM))
    problems = [] if limit.who in known else [(f"unknown {kind} {limit.who!r}", suggest(limit.who, known))]
    if limit.level is not None and float(limit.level) not in map(float, names.levels):
        there = suggest(limit.level, names.levels)
        problems.append((f"level {limit.level} is not estimated", f"{there}; estimation.levels adds others"))
    return [ScenarioError(text, file=where, key="limit", value=limit.text, allowed=there) for text, there in problems]


def judge(limits: Sequence[Limit], tree: xr.DataTree) -> list[Verdict]:
    """Compare a result with limits whose names it has (see `check_names`)."""
    summary = tree["summary"].to_dataset()
    return [_judged(limit, summary) for limit in limits]


def _judged(limit: Limit, summary: xr.Dataset) -> Verdict:
    def get(suffix: str) -> float:
        name = f"{limit.measure}{suffix}"
        if name not in summary:
            return math.nan
        at: dict[str, Any] = {} if limit.level is None else {"level": float(limit.level)}
        if limit.measure in OF_BROKER:
            return float(summary[name].sel(prime_broker=limit.who, **at))
        if limit.who == SYSTEM:
            return float(summary[f"system_{name}"].sel(at))
        return float(summary[name].sel(fund=limit.who, **at))

    value, error, low, high = get(""), get("_se"), get("_ci_low"), get("_ci_high")
    close = 0 < error < math.inf and abs(value - limit.bound) <= NEAR * error
    inside = -math.inf < low < high < math.inf and low <= limit.bound <= high
    breached = math.isnan(value) or COMPARISONS[limit.comparison](value, limit.bound)
    return Verdict(limit, value, error, breached, close or inside)


def _shown(limit: Limit, value: float, digits: int = 5) -> str:
    if limit.measure in IN_USD:
        unit, per_usd = money_unit([value])
        return f"{value * per_usd:.{digits}g} {unit}"
    return f"{value:.{digits}g}" if limit.measure == "amplification" else f"{100 * value:.{digits}g} %"
