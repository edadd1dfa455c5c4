"""`levstress demo`: a real episode, from nothing to a picture of the losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stress.cli import options as common
from stress.cli.console import console, progress_shown, say
from stress.cli.exits import ends_with_exit_code

if TYPE_CHECKING:
    import xarray as xr

    from stress.run_directory.run_location import RunLocation

SCENARIO = "tariff-2025"
PICTURE = "losses.png"


@ends_with_exit_code
def demo(
    paths: common.Paths = 200_000,
    out: common.OutOrUrl = None,
    overwrite: common.Overwrite = False,
    quiet: common.Quiet = False,
) -> None:
    """Replay April 2025 (scenario tariff-2025): the table, a picture of the losses, and what to try next.

    \b
    Examples:
      levstress demo
      levstress demo --paths 1e6 --out runs/april
    """
    from stress.api import run_problem
    from stress.cli.simulate import how_to_open, output_location, says_how_to_resume
    from stress.options import RunOptions
    from stress.results.terminal.picture import WIDEST, loss_picture
    from stress.results.terminal.summary_table import summary_table
    from stress.scenarios.build.problem_builder import build_problem
    from stress.scenarios.read.loader import load_scenario

    problem = build_problem(load_scenario(SCENARIO))
    options = RunOptions(paths=paths)
    location = output_location(out, problem.name, options.seed, paths, overwrite, resume=False)
    say(f"{problem.title}: {paths:,} paths of {problem.steps} steps", quiet)
    with progress_shown(quiet) as callback, says_how_to_resume(location):
        tree = run_problem(problem, options, location, overwrite, callback)
    screen = console()
    screen.print(summary_table(tree))
    print()
    print(loss_picture(tree, min(screen.width, WIDEST)))
    say(how_to_open(location.name), quiet)
    say(_save_picture(tree, location), quiet)
    say(f"\nnext:\n{_next_commands(location.name)}", quiet)


def _save_picture(tree: xr.DataTree, location: RunLocation) -> str:
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        return "a picture file needs matplotlib: pip install 'levstress[report]'"
    from stress.results.plot import distributions
    from stress.results.plot.style import save
    from stress.run_directory.writing import writing

    with writing(location.folder):
        save(distributions(tree), location.folder / PICTURE)
    location.push(location.folder / PICTURE)
    return f"picture: {location.name}/{PICTURE}"


def _next_commands(where: str) -> str:
    from shlex import quote

    shown = quote(where)
    commands = {
        f"levstress show {shown} --sales --asset semis --day 2": "who sells semis on day 2, and how much",
        f"levstress show {shown} --worst": "the worst paths, each of them to replay",
        f"levstress show {shown} --attribution --slice worst_1pct": "what the losses come from",
        f"levstress report {shown}": "all of it on one page, to read, print and send on",
        f"levstress run {SCENARIO} --paths 1e6": "smaller errors in the tail",
        f"levstress run {SCENARIO} --set cascade.feedback=false": "the same news without calls or impact",
        f"levstress check {SCENARIO}": "how close each fund starts to its first call",
        "levstress scenarios copy tariff-2025 mine/": "a copy to change",
        "levstress run ai-unwind-2026": "the next unwind",
    }
    return "\n".join(f"  {command}\n      {why}" for command, why in commands.items())
