"""How the paths that serve a question are drawn, with all numbers that decides: fitted once, written to the spec."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stress.engine.weighted.mixture import Mixture
from stress.engine.weighted.screen import Screen
from stress.options import PLAIN, SCREEN, TILT
from stress.results.answers.rare.question import Question

EXPECTED = ("gain", "variance_ratio", "cost_ratio")


@dataclass(frozen=True)
class Method:
    """A way to draw paths, chosen for a question.

    Attributes:
        wanted: what was asked for: "auto", or a name.
        name: PLAIN, SCREEN or TILT.
        question: what the paths serve.
        row: of the metrics, that of the question.
        first: id of the first path.
        paths: how many.
        numbers: what was fitted, of a mixture or a screen; None for plain paths.
        expected: by the pilot, of EXPECTED: variance of plain paths over that of these at equal cost, the same at
            equal paths, and the cost of a path over that of a plain one; NaN: not known.
        pilot_paths: that were simulated to choose.
        why: in words, why paths are plain, or that no gain was found; "" else.
    """

    wanted: str
    name: str
    question: Question
    row: int
    first: int
    paths: int
    numbers: Mixture | Screen | None = None
    expected: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    pilot_paths: int = 0
    why: str = ""

    @property
    def last(self) -> int:
        """One more than the id of the last path."""
        return self.first + self.paths

    @property
    def all_paths(self) -> int:
        """Of a run with such a method: its own, and these, which come after them."""
        return self.first if self.name == PLAIN else self.last

    def document(self) -> dict[str, Any]:
        """For a spec."""
        expected = zip(EXPECTED, self.expected, strict=True)
        return {
            "wanted": self.wanted,
            "name": self.name,
            "for": self.question.document(),
            "row": self.row,
            "first_path": self.first,
            "paths": self.paths,
            "numbers": None if self.numbers is None else self.numbers.document(),
            "expected": {name: value if math.isfinite(value) else None for name, value in expected},
            "pilot_paths": self.pilot_paths,
            "why": self.why,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Method:
        """From what `document` gives.

        Args:
            document: of a spec.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        name, numbers = document["name"], document["numbers"]
        expected = [document["expected"][x] for x in EXPECTED]
        first, second, third = (math.nan if x is None else float(x) for x in expected)
        made: dict[str, Any] = {
            PLAIN: lambda: None,
            SCREEN: lambda: Screen.of(numbers),
            TILT: lambda: Mixture.of(numbers),
        }
        return cls(
            wanted=document["wanted"],
            name=name,
            question=Question.of(document["for"]),
            row=document["row"],
            first=document["first_path"],
            paths=document["paths"],
            numbers=made[name](),
            expected=(first, second, third),
            pilot_paths=document["pilot_paths"],
            why=document["why"],
        )

    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(json.dumps(self.document(), sort_keys=True).encode()).hexdigest()
