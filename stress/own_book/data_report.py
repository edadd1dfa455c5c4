"""What was read, mended, assumed and estimated on the way from files to a scenario: a line each, nothing left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

READ, LEFT_OUT, MENDED, ESTIMATED, LIMITS = "read", "left_out", "mended", "estimated", "limits"
TITLES = {
    READ: "Read",
    LEFT_OUT: "Left out",
    MENDED: "Mended",
    ESTIMATED: "Estimated",
    LIMITS: "Limits",
}
GRADES = {
    "A": "given by the user",
    "B": "computed from the user's data",
    "C": "published or measured elsewhere, for this name or class",
    "D": "judgement: replace it where it matters",
}
SHOWN = 8  # lines of a section on the screen
DATES_SHOWN = 4  # of a line
ALIKE = 2  # lines of one rule that the screen tells one by one


class Line(NamedTuple):
    """One thing that happened to the data."""

    what: str  # the instrument, fund or file
    text: str  # what was done, and by which rule
    dates: tuple[str, ...] = ()  # ISO days that it concerns, all of them
    rule: str = ""  # of many lines alike: what the screen says in place of them

    def written(self, most: int) -> str:
        """In one line, with `most` dates at most."""
        left = len(self.dates) - most
        days = ", ".join(self.dates[:most]) + (f" and {left} more" if left > 0 else "")
        return f"{self.what}: {self.text}{f' ({days})' if days else ''}"


class Assumption(NamedTuple):
    """A value that nobody has given: the row of `assumed.csv`."""

    key: str  # of the scenario, such as assets.AAPL.adv
    value: float | str
    rule: str
    grade: str  # see `GRADES`
    source: str


@dataclass
class DataReport:
    """Lines by section, and the assumptions."""

    lines: dict[str, list[Line]] = field(default_factory=lambda: {section: [] for section in TITLES})
    assumed: list[Assumption] = field(default_factory=list)

    def add(self, section: str, what: str, text: str, dates: Sequence[str] = (), rule: str = "") -> None:
        """One line more."""
        self.lines[section].append(Line(what, text, tuple(dates), rule))

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        sections = {section: [line._asdict() for line in lines] for section, lines in self.lines.items()}
        return {**sections, "assumed": [row._asdict() for row in self.assumed]}

    def markdown(self, title: str) -> str:
        """The whole report."""
        parts = [f"# {title}", ""]
        for section, lines in self.lines.items():
            if lines:
                parts += [f"## {TITLES[section]}", "", *(f"- {line.written(len(line.dates))}" for line in lines), ""]
        parts += ["## Assumed", ""]
        parts += ["Each line is a row of `assumed.csv`: edit its value there, and the next run takes it.", ""]
        parts += ["| key | value | grade | rule | source |", "|---|---|---|---|---|"]
        parts += [
            "| " + " | ".join(_cell(x) for x in (row.key, shown(row.value), row.grade, row.rule, row.source)) + " |"
            for row in self.assumed
        ]
        parts += ["", *(f"Grade {grade}: {meaning}." for grade, meaning in GRADES.items()), ""]
        return "\n".join(parts)

    def short(self) -> str:
        """For the screen: the first lines of each section, and how much was assumed."""
        parts = []
        for section, lines in self.lines.items():
            if lines:
                told = _grouped(lines)
                parts.append(f"{TITLES[section]}:")
                parts += [f"  {line}" for line in told[:SHOWN]]
                parts += [f"  and {len(told) - SHOWN} lines more"] if len(told) > SHOWN else []
        counts: dict[tuple[str, str], int] = {}
        for row in self.assumed:
            kind = (row.key.rpartition(".")[2], row.grade)
            counts[kind] = counts.get(kind, 0) + 1
        told = [f"{kind} {count} (grade {grade})" for (kind, grade), count in sorted(counts.items())]
        parts += [f"Assumed: {', '.join(told) or 'nothing'}"]
        return "\n".join(parts)


def shown(value: float | str) -> str:
    """A value as the files have it: the shortest text that reads as the same number."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _grouped(lines: Sequence[Line]) -> list[str]:
    """Lines for the screen: those that follow the same rule are one where they are many."""
    uses = Counter(line.rule for line in lines)
    told, said = [], set()
    for line in lines:
        if not line.rule or uses[line.rule] <= ALIKE:
            told.append(line.written(DATES_SHOWN))
        elif line.rule not in said:
            said.add(line.rule)
            days = sum(len(other.dates) for other in lines if other.rule == line.rule)
            told.append(f"{uses[line.rule]} times: {line.rule}" + (f" ({days} days in all)" if days else ""))
    return told


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
