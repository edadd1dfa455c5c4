"""What a question about rare losses asks: a VaR, an ES, the probability of a loss or of a default."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem
from stress.scenarios.read.units import UnitError, fraction, level_text

SYSTEM = "system"
FORMS = "'es(system, 0.999)', 'var(quant, 99.9 %)', 'loss(quant) > 30 %', 'default(quant)'"
_FORM = re.compile(r'\s*(var|es|loss|default)\s*\(\s*("[^"]+"|[^",()]+?)\s*(?:,\s*([^(),]+?)\s*)?\)\s*(?:>\s*(.+))?')


@dataclass(frozen=True)
class Asked:
    """A figure of one row.

    Attributes:
        kind: "var", "es", "loss" (the probability of a larger one) or "default" (that of one).
        who: a fund type, or "system": its loss, or a default of any fund.
        level: of VaR and ES, decimal text; else None.
        bound: of "loss", a fraction of start NAV; else None.
    """

    kind: str
    who: str
    level: str | None = None
    bound: float | None = None

    @property
    def text(self) -> str:
        """As a user writes it."""
        if self.level is not None:
            return f"{self.kind}({self.who}, {self.level})"
        return f"{self.kind}({self.who})" + ("" if self.bound is None else f" > {100 * self.bound:.10g} %")

    def row(self, problem: Problem) -> int:
        """Row of the metrics; -1 is the system."""
        return -1 if self.who == SYSTEM else problem.funds.types.index(self.who)


def read_asked(text: str | None, problem: Problem) -> Asked:
    """The question of a text; None asks for the system's ES at the highest level of the scenario.

    Raises:
        ScenarioError: it has not one of the forms, or there is no such fund.
    """
    if text is None:
        return Asked("es", SYSTEM, max(problem.estimation.levels, key=float))
    where = problem.origin.scenario or problem.name

    def wrong(why: str, allowed: str = FORMS) -> ScenarioError:
        return ScenarioError(why, file=where, key="for", value=text, allowed=allowed)

    found = _FORM.fullmatch(text)
    if found is None:
        raise wrong("is no question about rare losses")
    kind, who, level, bound = found.groups()
    who = who.strip('"')
    if who not in (*problem.funds.types, SYSTEM):
        raise wrong(f"there is no fund {who!r}", ", ".join((SYSTEM, *problem.funds.types_file_order)))
    if (level is not None) != (kind in ("var", "es")) or (bound is not None) != (kind == "loss"):
        raise wrong("has not the form of its kind")
    try:
        if level is not None:
            return Asked(kind, who, level_text(level))
        value = None if bound is None else fraction(bound)
    except UnitError as error:
        raise wrong(error.problem, error.allowed) from error
    if value is not None and not -1 < value < 100:
        raise wrong("is no loss", "a fraction of start NAV such as 0.3 or '30 %'")
    return Asked(kind, who, None, value)
