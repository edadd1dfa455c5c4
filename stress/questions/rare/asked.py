"""A question about rare losses as a user writes it, and the row that it is about."""

from __future__ import annotations

import re
from decimal import Decimal

from stress.results.answers.rare.question import Question
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.problem import Problem
from stress.scenarios.read.units import UnitError, fraction, level_text, loss

SYSTEM = "system"
FOR = "--for"
FORMS = """'es(system, 0.999)', 'var(quant, 99.9 %)', 'loss("Fund (A)") > 30 %', 'default(quant)'"""
_FORM = re.compile(r'\s*(var|es|loss|default)\s*\(\s*("[^"]+"|[^",()]+?)\s*(?:,\s*([^(),]+?)\s*)?\)\s*(?:>\s*(.+))?')
_PLAIN = re.compile(r'[^",()\s](?:[^",()]*[^",()\s])?')  # names that need no quotes


def read_asked(text: str | None, problem: Problem, members: bool = False) -> Question:
    """The question of a text; None asks what `[estimation] question` says, else for the system's ES at the highest
    level of the scenario.

    Args:
        text: in one of FORMS; a name with commas, brackets or blanks at its ends in double quotes.
        problem: the scenario.
        members: the rows are member funds, not fund types.

    Raises:
        ScenarioError: it has not one of the forms, or there is no such fund or group.
    """
    typed = text is not None
    text = problem.estimation.question if text is None else text
    if text is None:
        return _question("es", SYSTEM, max(problem.estimation.levels, key=float), None)

    def wrong(why: str, allowed: str = FORMS) -> ScenarioError:
        if typed:
            return ScenarioError(why, file=FOR, key=str(text), allowed=allowed)
        where = problem.origin.scenario or problem.name
        return ScenarioError(why, file=where, key="estimation.question", value=text, allowed=allowed)

    found = _FORM.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise wrong("is no question about rare losses")
    kind, who, level, bound = found.groups()
    who = who.strip('"')
    funds = problem.funds.ids if members else problem.funds.types_file_order
    known = (*funds, *problem.fund_groups, SYSTEM)
    if who not in known:
        raise wrong(f"there is no fund or group {who!r}", suggest(who, known))
    if (level is not None) != (kind in ("var", "es")) or (bound is not None) != (kind == "loss"):
        raise wrong("has not the form of its kind")
    try:
        if level is not None:
            return _question(kind, who, level_text(level), None)
        value = None if bound is None else loss(bound)
    except UnitError as error:
        raise wrong(error.problem, error.allowed) from error
    if value is not None and not -1 < value < 100:
        raise wrong("is no loss", "a fraction of start NAV such as 0.3 or '30 %'")
    return _question(kind, who, None, value)


def row_of(question: Question, problem: Problem, members: bool = False) -> int:
    """Row of the metrics: funds in id order, then groups; -1 is the system."""
    if question.who == SYSTEM:
        return -1
    return (*(problem.funds.ids if members else problem.funds.types), *problem.fund_groups).index(question.who)


def _question(kind: str, who: str, level: str | None, bound: float | None) -> Question:
    """With its text, which says every digit."""
    name = who if _PLAIN.fullmatch(who) else f'"{who}"'
    text = f"{kind}({name})" if level is None else f"{kind}({name}, {level})"
    if bound is not None:
        percent = f"{100 * bound:.10g} %"
        text += f" > {percent if fraction(percent) == bound else _every_digit(bound)}"
    return Question(text, kind, who, level, bound)


def _every_digit(bound: float) -> str:
    """A loss that no short percentage is; beyond 1 it needs its percent sign."""
    return repr(bound) if abs(bound) <= 1 else f"{Decimal(repr(bound)).scaleb(2)} %"
