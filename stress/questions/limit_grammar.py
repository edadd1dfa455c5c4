"""The form of a limit, `es(quant, 0.99) > 25 %`:

    limit      = measure "(" who [ "," level ] ")" comparison number [ unit ]
    who        = word { word } | '"' anything '"'
    comparison = ">" | ">=" | "<" | "<="

It is read by the parser below and never evaluated as code.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, gt, le, lt

from stress.scenarios.errors import suggest
from stress.scenarios.read.units import UnitError, fraction, level_text, loss, money

SYSTEM = "system"  # all funds together
COURSES = ("trough_var", "trough_es", "trough_var_static", "trough_es_static", "drawdown_var", "drawdown_es")
BY_FUND_AND_LEVEL = ("var", "es", "var_static", "es_static", *COURSES, "amplification", "added_loss")
OF_FUND = (
    "prob_loss_over_20pct",
    "prob_margin_call",
    "prob_called_over_10pct",
    "prob_called_over_50pct",
    "prob_default",
    "prob_defaulted_over_10pct",
    "prob_defaulted_over_50pct",
)
PROBABILITIES = (*OF_FUND, "broker_loss_prob")
BY_FUND = (
    "mean_loss",
    *OF_FUND,
    "called_nav_share",
    "defaulted_nav_share",
    "expected_called_usd",
    "expected_forced_sales_usd",
    "expected_unliquidated_usd",
    "expected_max_drawdown",
)
BY_BROKER_AND_LEVEL = ("broker_loss_var", "broker_loss_es")
BY_BROKER = ("broker_loss_mean", "broker_loss_prob")
MEASURES = (*BY_FUND_AND_LEVEL, *BY_FUND, *BY_BROKER_AND_LEVEL, *BY_BROKER)
WITH_LEVEL = (*BY_FUND_AND_LEVEL, *BY_BROKER_AND_LEVEL)
OF_BROKER = (*BY_BROKER_AND_LEVEL, *BY_BROKER)
RATIOS = ("amplification", *PROBABILITIES)  # what is no share of NAV; of probabilities more is said below
IN_USD = (*(name for name in MEASURES if name.endswith("_usd")), "broker_loss_mean", *BY_BROKER_AND_LEVEL)

COMPARISONS: dict[str, Callable[[float, float], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt}
EXAMPLE = "'es(quant, 0.99) > 25 %' or 'prob_default(system) >= 0.01'"
LONGEST = 300  # characters of a limit

_TOKEN = re.compile(r"\s*(?:(?P<quoted>\"[^\"]*\")|(?P<sign>[<>=!]+|[(),])|(?P<word>[^\s<>=!(),]+))")


class LimitError(ValueError):
    """A limit that is not of the form of this module; the message says what is allowed."""


@dataclass(frozen=True)
class Limit:
    """One limit; breached when `value comparison bound` holds.

    Attributes:
        text: as it was written.
        measure: one of MEASURES.
        who: a fund, "system", or a prime broker.
        level: decimal text such as "0.99"; None for a measure without one.
        comparison: one of COMPARISONS.
        bound: USD for IN_USD, else a fraction or a ratio.
    """

    text: str
    measure: str
    who: str
    level: str | None
    comparison: str
    bound: float


def parse_limit(text: str) -> Limit:
    """Read one limit; knows nothing yet of funds, brokers and levels that are there.

    Raises:
        LimitError: anything that is not a limit.
    """
    if len(text) > LONGEST:
        raise LimitError(f"a limit has at most {LONGEST} characters; this one has {len(text)}")
    return _Parser(text).limit()


class _Parser:
    """Recursive descent over the tokens of one limit."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, int]] = []  # with the place where each ends
        end = len(text.rstrip())
        place = 0
        while place < end and (match := _TOKEN.match(text, place)):  # every character is of some token
            place = match.end()
            self.tokens.append((match["quoted"] or match["sign"] or match["word"], place))
        self.next = 0

    def limit(self) -> Limit:
        measure = self._word("a measure")
        if measure not in MEASURES:
            raise self._error(f"unknown measure {measure!r}; {suggest(measure, MEASURES)}")
        kind = "a prime broker" if measure in OF_BROKER else 'a fund or "system"'
        form = f"{measure}(..., LEVEL)" if measure in WITH_LEVEL else f"{measure}(...)"
        self._sign("(", f"{form} names {kind} in parentheses")
        who = self._who(kind)
        level = None
        if measure in WITH_LEVEL:
            self._sign(",", f"{measure} needs a level, as in {measure}({who}, 0.99)")
            level = self._level()
        self._sign(")", f"after {kind}" + (" and its level" if level else ", as this measure has no level"))
        comparison = self._take()
        if comparison not in COMPARISONS:
            raise self._error(f"expected one of > >= < <=, found {comparison or 'the end'!r}")
        return Limit(" ".join(self.text.split()), measure, who, level, comparison, self._bound(measure))

    def _who(self, kind: str) -> str:
        words = [self._word(kind)]
        if len(words[0]) > 2 and words[0][0] == words[0][-1] == '"':
            return words[0][1:-1]
        while self._ahead() and self._ahead()[0] not in "<>=!(),":
            words.append(self._take())
        if '"' in "".join(words):
            raise self._error(f"a quote stands alone in {' '.join(words)}")
        return " ".join(words)

    def _level(self) -> str:
        words = [self._word("a level")]
        while self._ahead() not in ("", ")"):
            words.append(self._word("the end of the level"))
        try:
            return level_text(" ".join(words))
        except UnitError as error:
            raise self._error(f"the level {' '.join(words)!r} {error.problem}; allowed: {error.allowed}") from error

    def _bound(self, measure: str) -> float:
        text = self.text[self.tokens[self.next - 1][1] :].strip()
        if {token for token, _ in self.tokens[self.next :]} & {"and", "or", *COMPARISONS}:
            raise self._error("one comparison for each limit; give the option once more for another")
        try:
            read = money if measure in IN_USD else fraction if measure in RATIOS else loss
            bound = read(text)
        except UnitError as error:
            raise self._error(f"the limit {text!r} {error.problem}; allowed: {error.allowed}") from error
        if measure in PROBABILITIES and not 0 <= bound <= 1:
            raise self._error(f"a probability is never {text}; allowed: 0 to 1, or 0 % to 100 %")
        return bound

    def _ahead(self) -> str:
        return self.tokens[self.next][0] if self.next < len(self.tokens) else ""

    def _take(self) -> str:
        token = self._ahead()
        self.next += bool(token)
        return token

    def _word(self, wanted: str) -> str:
        token = self._take()
        if not token or token[0] in "<>=!(),":
            raise self._error(f"expected {wanted}, found {token or 'the end'!r}")
        return token

    def _sign(self, sign: str, why: str) -> None:
        token = self._take()
        if token != sign:
            raise self._error(f"expected {sign!r}, found {token or 'the end'!r}: {why}")

    def _error(self, problem: str) -> LimitError:
        return LimitError(f"{self.text.strip()!r}: {problem}\n  a limit reads like {EXAMPLE}")
