"""The one exception that a faulty scenario or data file raises."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_VALUE = 120
_MOST_LISTED = 10


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
        where = f"{self.file}: {self.key}{shown}" if self.key else self.file
        return f"{where}: {self.problem}" + (f"\n  allowed: {self.allowed}" if self.allowed else "")


class ScenarioWarning(UserWarning):
    """A scenario that runs, with a number that deserves a second look."""


def suggest(wrong: str, known: Iterable[str]) -> str:
    """The known names as a phrase, the closest to `wrong` first: "did you mean 'semis'? one of: ..."."""
    names = list(known)
    close = difflib.get_close_matches(wrong, names, n=1)
    listed = ", ".join(names[:40]) + (f" ... ({len(names)} in all)" if len(names) > 40 else "")
    return (f"did you mean {close[0]!r}? " if close else "") + (f"one of: {listed}" if names else "none is defined")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 4] + " ..."
