"""The one exception that a faulty scenario or data file raises."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

_LONGEST_VALUE = 120
_LONGEST_KEY = 300
_LONGEST_PHRASE = 1_000
_LONGEST_ALLOWED = 4_000
_MOST_LISTED = 10
_DIGITS = 6  # of a bound
_DECIMALS = 12  # beyond which a number is rounding


class ScenarioError(ValueError):
    """A scenario that cannot be run: names the file, the dotted key, the value found and what is allowed.

    `value` is the offending value as it stands in the file, None where a key is missing; `allowed` is a phrase;
    `further` are the other problems found together with this one, which the message lists too.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str,
        key: str,
        value: object = None,
        allowed: str = "",
        further: tuple[ScenarioError, ...] = (),
    ) -> None:
        self.problem = problem
        self.file = file
        self.key = key
        self.value = value
        self.allowed = allowed
        self.further = further
        super().__init__(problem, file, key, value, allowed)

    def __str__(self) -> str:
        texts = [error._text() for error in (self, *self.further)]
        left = len(texts) - _MOST_LISTED
        rest = [f"and {left} more problem{'s' if left > 1 else ''} in this file"] if left > 0 else []
        return "\n".join(texts[:_MOST_LISTED] + rest)

    def _text(self) -> str:
        shown = "" if self.value is None else f" = {_short(self.value)}"
        file, key = _clean(self.file, _LONGEST_KEY), _clean(self.key, _LONGEST_KEY)
        where = f"{file}: {key}{shown}" if key else file
        allowed = f"\n  allowed: {_clean(self.allowed, _LONGEST_ALLOWED)}" if self.allowed else ""
        return f"{where}: {_clean(self.problem, _LONGEST_PHRASE)}{allowed}"


class ScenarioWarning(UserWarning):
    """A scenario that runs, with a number that deserves a second look."""


def refuse_all(found: Sequence[ScenarioError]) -> None:
    """Raise the first of several problems, which lists the others, too; nothing where there is none."""
    if found:
        first, *others = (one for error in found for one in (error, *error.further))
        first.further = tuple(others)
        raise first


def suggest(wrong: str, known: Iterable[str]) -> str:
    """The known names as a phrase, the closest to `wrong` first: "did you mean 'semis'? one of: ..."."""
    names = list(known)
    close = difflib.get_close_matches(wrong[:_LONGEST_VALUE], names, n=1)
    listed = ", ".join(names[:40]) + (f" ... ({len(names)} in all)" if len(names) > 40 else "")
    return (f"did you mean {close[0]!r}? " if close else "") + (f"one of: {listed}" if names else "none is defined")


def at_least(value: float) -> str:
    """A bound from below in few digits that is no lower than `value`, so that who writes it keeps to it."""
    return _bound(value, ROUND_CEILING)


def at_most(value: float) -> str:
    """A bound from above in few digits that is no higher than `value`."""
    return _bound(value, ROUND_FLOOR)


def exactly(value: float) -> str:
    """A number in all the digits that count, where a rounded one would be refused."""
    return f"{round(value, _DECIMALS) + 0.0:.15g}"


def _bound(value: float, rounding: str) -> str:
    shown = Context(prec=_DIGITS, rounding=rounding).create_decimal(Decimal(repr(float(round(value, _DECIMALS)) + 0.0)))
    return f"{float(shown):.{_DIGITS}g}"


def _short(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, or lists in lists in lists
        text = f"<{type(value).__name__}>"
    return _clean(text, _LONGEST_VALUE)


def _clean(text: str, longest: int) -> str:
    """Text for one line of a terminal: shortened, and what cannot be printed written as an escape."""
    text = text if len(text) <= longest else text[: longest - 4] + " ..."
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
