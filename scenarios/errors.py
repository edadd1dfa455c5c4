"""The one exception that a faulty scenario or data file raises."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_VALUE = 120


class ScenarioError(ValueError):
    """A scenario that cannot be run: names the file, the dotted key, the value found and what is allowed.

    `value` is the offending value as it stands in the file, None where a key is missing; `allowed` is a phrase.
    """

    def __init__(self, problem: str, *, file: str, key: str, value: object = None, allowed: str = "") -> None:
        self.problem = problem
        self.file = file
        self.key = key
        self.value = value
        self.allowed = allowed
        super().__init__(problem, file, key, value, allowed)

    def __str__(self) -> str:
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
