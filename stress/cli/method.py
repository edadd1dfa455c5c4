"""`--method` and `--for`: paths that serve one question."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from stress.cli.console import say
from stress.cli.exits import BROKEN_INVARIANT
from stress.cli.quantities import format_seconds
from stress.options import PLAIN

if TYPE_CHECKING:
    import xarray as xr

    from stress.engine.weighted.method import Method
    from stress.options import Progress, RunOptions
    from stress.results.answers.rare.question import Question
    from stress.run_directory.run_location import RunLocation
    from stress.scenarios.problem import Problem

MethodName = Literal["auto", "plain", "screen", "tilt"]
For = Annotated[
    str | None,
    typer.Option(
        "--for",
        metavar="QUESTION",
        help="What the paths serve: 'es(system, 0.999)', 'var(FUND, 0.999)', 'loss(FUND) > 30 %', 'default(FUND)'. "
        "Default: that of the scenario's [estimation], else ES of the system at its highest level.",
    ),
]
RunMethod = Annotated[
    MethodName | None,
    typer.Option(
        "--method",
        help="As many more paths, which serve --for: tilt (importance sampling), screen (sales where the book held "
        "still loses most), auto (what gains most by its pilot). All other figures are those of plain paths as ever. "
        "Default: as [estimation] says, plain where it says nothing: no more paths.",
    ),
]


class Beside:
    """A question that is answered beside a run.

    Attributes:
        asked: the question; None: all paths are plain.
    """

    def __init__(self, problem: Problem, options: RunOptions, method: str | None, question: str | None) -> None:
        """Read both.

        Raises:
            typer.BadParameter: a question without a method of its own.
            ScenarioError: there is no such question, or the draws cannot be tilted.
        """
        self._problem, self._options, self._question = problem, options, question
        self._wanted = problem.estimation.method if method is None else method
        self.asked: Question | None = None
        if self._wanted == PLAIN and question is None:
            return  # nothing more is imported
        if self._wanted == PLAIN:
            raise typer.BadParameter("needs --method auto, screen or tilt", param_hint="--for")
        from stress.questions.rare.beside import asked_of

        self.asked = asked_of(problem, options, self._wanted, question)

    def method(self, begun: RunLocation | None, progress: Callable[[Progress], None] | None) -> Method | None:
        """The method, fitted now, or that of the run that was begun there."""
        if self.asked is None:
            return None
        from stress.questions.rare.beside import method_for

        return method_for(self._problem, self._options, self._wanted, self._question, begun, progress)

    def planned(self, seconds: float | None) -> dict[str, Any]:
        """What a dry run says of it in JSON: its paths cost at most about what the plain ones do, pilots apart."""
        if self.asked is None:
            return {}
        from stress.engine.weighted.paths import planned_bytes
        from stress.questions.rare.choose import most_pilot_paths

        return {
            "method": self._wanted,
            "for": self.asked.text,
            "method_paths": self._options.paths,
            "pilot_paths_at_most": most_pilot_paths(self._wanted, self._problem),
            "method_memory_bytes": planned_bytes(self._problem, self._options),
            "method_seconds_at_most": None if seconds is None else 2.0 * seconds,
        }

    def sentence(self, seconds: float | None) -> str:
        """The same in words."""
        from stress.questions.rare.choose import most_pilot_paths

        pilots = most_pilot_paths(self._wanted, self._problem)
        least = "" if seconds is None else f", about {format_seconds(2.0 * seconds)} at most, compiling included"
        return f"{self._wanted}: {self._options.paths:,} more paths, {pilots:,} of pilots at most{least}"


def end_by_check(tree: xr.DataTree) -> None:
    """Say so where plain paths contradict the figure beside a run.

    Raises:
        typer.Exit: with 7 then.
    """
    from stress.results.answers.rare.words import warning_in

    if warning := warning_in(tree):
        say(f"levstress: {warning}")
        raise typer.Exit(BROKEN_INVARIANT)
