"""Where a scenario comes from and what was changed in it: the record that a run, its result and its report carry."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 40  # characters of a value in a sentence
MOST = 8  # changes that a sentence tells


@dataclass(frozen=True)
class Change:
    """One override: as it was given, and the value of the file (or of an earlier override) in its place."""

    given: str  # key.path=value
    key: str
    value: Any
    replaced: Any  # None: the file left it out

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        values = {"value": _plain(self.value), "replaced": _plain(self.replaced)}
        return {"given": self.given, "key": self.key, **values}


@dataclass(frozen=True)
class Origin:
    """A library scenario, a file or a document, and the changes made to it, in their order."""

    scenario: str = ""  # name in the library, or of the file; "": a document of the caller's
    library: bool = False
    file_sha256: str = ""  # of the scenario file's bytes; "": there is no file
    levstress: str = ""  # version of levstress that read it
    overrides: tuple[Change, ...] = ()

    def document(self) -> dict[str, Any]:
        """As `spec.json` and the result's attributes hold it; `from_document` is the way back."""
        return {
            "scenario": self.scenario,
            "library": self.library,
            "file_sha256": self.file_sha256,
            "levstress": self.levstress,
            "overrides": [change.document() for change in self.overrides],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Origin:
        """The record again.

        Raises:
            KeyError, TypeError: it is not one.
        """
        texts = {name: document[name] for name in ("scenario", "file_sha256", "levstress")}
        changes = [Change(**change) for change in document["overrides"]]
        if not all(isinstance(text, str) for text in (*texts.values(), *(c.given for c in changes))):
            raise TypeError("origin has a value that is no text in place of one")
        if not isinstance(document["library"], bool) or not all(isinstance(c.key, str) for c in changes):
            raise TypeError("origin.library is neither true nor false, or a key is no text")
        return cls(**texts, library=document["library"], overrides=tuple(changes))

    def titled(self, title: str) -> str:
        """A title that does not pass for that of the unchanged scenario."""
        return f"{title} (changed)" if self.overrides else title

    def sentence(self) -> str:
        """For example "library scenario tariff-2025, changed: impact.coefficient 1 -> 1.5"."""
        kind = "library scenario" if self.library else "scenario file" if self.scenario else "scenario"
        start = f"{kind} {self.scenario or 'of the caller'}"
        changes: dict[str, tuple[Any, Any]] = {}
        for change in self.overrides:  # a key that was set twice is told once, from the first value to the last
            changes[change.key] = (changes.get(change.key, (change.replaced,))[0], change.value)
        told = [f"{key} {_shown(old)} -> {_shown(new)}" for key, (old, new) in list(changes.items())[:MOST]]
        left = [f"and {len(changes) - MOST} more"] if len(changes) > MOST else []
        return f"{start}, changed: {'; '.join([*told, *left])}" if changes else start


def _plain(value: Any) -> Any:
    """A value as JSON has it; what JSON has not (infinity, dates, objects of the caller's) as text."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    fine = value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))
    return value if fine else str(value)


def _shown(value: Any) -> str:
    if value is None:
        return "(left out)"
    plain = _plain(value)
    if isinstance(plain, float):
        return f"{plain:.15g}"
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
