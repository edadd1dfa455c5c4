"""`--target-se` and `--time-budget` of `levstress run`: as many paths as are enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli.console import say
from stress.cli.exits import NOT_REACHED

if TYPE_CHECKING:
    import xarray as xr

    from stress.options import Progress, RunOptions
    from stress.questions.enough.rounds import Outcome
    from stress.run_directory.run_location import RunLocation
    from stress.scenarios.problem import Problem

TargetSe = Annotated[
    str | None,
    typer.Option(
        "--target-se",
        metavar="X",
        help="As many paths, --paths at most, as bring the standard error of the system's ES at the highest level down "
        "to this fraction of NAV: 0.001, '0.1 %'; of another figure: 'es(quant, 0.99) <= 0.1 %'. Exit 8 when not "
        "reached.",
    ),
]
TimeBudget = Annotated[
    str | None,
    typer.Option("--time-budget", metavar="T", help="As many paths, --paths at most, as fit: 90, '90 s', 10min, 2h."),
]


def check_alone(**given: bool) -> None:
    """Refuse options that need the number of paths before it is known.

    Raises:
        typer.BadParameter: one of them is given.
    """
    for name, is_given in given.items():
        if is_given:
            raise typer.BadParameter(
                f"--{name.replace('_', '-')} needs the number of paths: give --paths without --target-se and "
                "--time-budget"
            )


class Enough:
    """One run whose paths are decided while it runs."""

    def __init__(
        self,
        problem: Problem,
        options: RunOptions,
        out: str | None,
        overwrite: bool,
        target_se: str | None,
        time_budget: str | None,
    ) -> None:
        """Read both.

        Raises:
            typer.BadParameter: one of them is none, or of a fund or level that is not there.
        """
        from stress.questions.enough.goal import read_goal, read_seconds

        try:
            if target_se is not None:
                read_goal(target_se, problem, options.members)
            if time_budget is not None:
                read_seconds(time_budget)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        self._problem, self._options, self._out, self._overwrite = problem, options, out, overwrite
        self._asked = {"target_se": target_se, "time_budget": time_budget}
        self._outcome: Outcome | None = None

    def run(
        self, progress: Callable[[Progress], None], executor: str, workers: int | None
    ) -> tuple[xr.DataTree, RunLocation]:
        """The result and where it is: by default in a directory that bears the paths of the first round."""
        from stress.api import run_problem
        from stress.cli.simulate import output_location, says_how_to_resume
        from stress.questions.enough.runs import run_enough

        places: list[RunLocation] = []

        def where(options: RunOptions) -> RunLocation:
            name, seed = self._problem.name, options.seed
            places.append(output_location(self._out, name, seed, options.paths, self._overwrite, False))
            return places[0]

        one = partial(run_problem, progress=progress, executor=executor, workers=workers)
        try:
            self._outcome = run_enough(
                one, self._problem, self._options, where, self._overwrite, progress, **self._asked
            )
        except BaseException:
            if not places:
                raise
            with says_how_to_resume(places[0]):
                raise
        return self._outcome.tree, places[0]

    def document(self) -> dict[str, Any]:
        """What JSON says of it."""
        found = self._outcome
        if found is None:
            return {}
        target = None
        if found.goal is not None:
            target = {
                "figure": found.goal.figure,
                "target_se": found.goal.se,
                "se": found.se if math.isfinite(found.se) else None,
                "reached": found.reached,
            }
        return {"enough": {"paths": found.paths, "stopped_by": found.stopped_by, "target": target}}

    def end(self, quiet: bool) -> None:
        """Say what was decided.

        Raises:
            typer.Exit: with 8, when the target was not reached.
        """
        if self._outcome is None:
            return
        failed = self._outcome.reached is False
        say(self._outcome.sentence(), quiet and not failed)
        if failed:
            raise typer.Exit(NOT_REACHED)
