"""`--street` and `--proxy`: a scenario read, alone or inside a street, and what follows what."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli.console import say

if TYPE_CHECKING:
    from rich.table import Table

    from stress.scenarios.problem import Problem
    from stress.street.inside import Inside

Street = Annotated[
    str | None,
    typer.Option(
        "--street",
        metavar="SCENARIO",
        help="Put the scenario's funds inside this one, a library name or a file: its market and its funds around "
        "yours, your assets tied to its by loadings.",
    ),
]
Proxy = Annotated[
    list[str] | None,
    typer.Option(
        "--proxy",
        metavar="NAME=ASSET",
        help="With --street: what an asset of yours follows there, where the rules are not to say it; may be repeated.",
    ),
]


def pairs(given: list[str] | None) -> dict[str, str]:
    """NAME=ASSET by name; raises BadParameter."""
    found = {}
    for text in given or []:
        name, sign, asset = (part.strip() for part in text.rpartition("="))
        if not (name and sign and asset):
            raise typer.BadParameter(f"{text!r} is not NAME=ASSET", param_hint="--proxy")
        found[name] = asset
    return found


def problem_of(
    scenario: str, overrides: Any, shock: Any, street: str | None, proxy: list[str] | None, quiet: bool = False
) -> tuple[Problem, Inside | None]:
    """The problem of a scenario, alone or inside a street; then also what was decided, which is said on stderr."""
    from stress.scenarios.build.problem_builder import build_problem
    from stress.scenarios.read.loader import load_scenario

    by_hand = pairs(proxy)
    if street is None:
        if by_hand:
            raise typer.BadParameter("needs --street", param_hint="--proxy")
        return build_problem(load_scenario(scenario, overrides, shock)), None
    from stress.street.inside import inside

    found = inside(scenario, street, by_hand, overrides, shock)
    for note in found.notes:
        say(note, quiet)
    kinds = Counter({"A": 0, "B": 0, "C": 0, "D": 0}) + Counter(tie.grade for tie in found.ties.values())
    told = {"A": "as themselves or by hand", "B": "by regression", "C": "by sector", "D": "by class or not at all"}
    count = ", ".join(f"{number} {told[grade]}" for grade, number in sorted(kinds.items()))
    say(f"{len(found.ties)} assets tied to the street: {count} (levstress check --street lists them)", quiet)
    return build_problem(found.scenario), found


def ties_table(inside: Inside, problem: Problem) -> Table:
    """What follows what, with the rule and the grade of each."""
    from rich.table import Table

    from stress.results.terminal.loadings_table import in_words

    table = Table(title="what each asset of yours follows in the street", title_justify="left")
    table.add_column("asset")
    table.add_column("moves with", overflow="fold", max_width=40)
    for heading in ("vol", "own draw"):
        table.add_column(heading, justify="right")
    table.add_column("by")
    table.add_column("grade")
    assets = problem.assets
    for name, tie in inside.ties.items():
        at = assets.ids.index(name)
        vol, own = f"{assets.vol[at]:.1%}", f"{assets.shock_vol[at]:.1%}"
        table.add_row(name, in_words(assets, at) or "nothing", vol, own, tie.how, tie.grade)
    return table


def ties_json(inside: Inside | None) -> dict[str, Any]:
    """The same, and the notes."""
    if inside is None:
        return {}
    ties = {
        name: {"loadings": tie.loadings, "r2": tie.explained, "by": tie.how, "grade": tie.grade}
        for name, tie in inside.ties.items()
    }
    return {"street": {"notes": list(inside.notes), "ties": ties}}
