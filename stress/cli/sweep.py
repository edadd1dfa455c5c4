"""`levstress sweep`: one scenario with other numbers, point by point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from stress.cli import options as common
from stress.cli.console import print_json, progress_shown, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.export import Export, check_target
from stress.cli.quantities import format_seconds, format_size
from stress.options import LOCAL

if TYPE_CHECKING:
    from stress.results.answers.sweep.tipping import Bound


@ends_with_exit_code
def sweep(
    scenario: common.Scenario,
    over: Annotated[
        list[str],
        typer.Option(
            "--over",
            metavar="KEY=LO:HI[:STEP]",
            help="An axis; may be repeated: a range, a list (KEY=A,B,C), or KEY*=LO:HI to multiply what stands there. "
            "* in KEY is every entry: funds.*.gross. 11 points without a step.",
        ),
    ],
    latin: Annotated[
        int | None,
        typer.Option("--latin", metavar="N", help="N points of a Latin hypercube over the ranges, not the grid."),
    ] = None,
    tipping: Annotated[
        str,
        typer.Option(
            "--tipping",
            metavar="LOSS:P",
            help="Tipped is where trading adds more than LOSS of NAV with probability P.",
        ),
    ] = "1%:5%",
    tipping_axis: Annotated[
        str | None,
        typer.Option("--tipping-axis", metavar="NAME", help="Along which axis; default: the first one of numbers."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            metavar="plain|screen",
            help="screen: simulate sales on the paths that lose most held still and on one in 32 of the others; "
            "faster where funds trade on every path, with larger errors.",
        ),
    ] = "plain",
    paths: common.Paths = 10_000,
    seed: common.Seed = 1,
    out: common.OutOrUrl = None,
    overrides: common.Set = None,
    shock: common.Shock = None,
    device: common.Device = "auto",
    devices: common.Devices = None,
    precision: common.Precision = "float32",
    max_memory: common.MaxMemory = None,
    executor: common.Executor = "local",
    workers: common.Workers = None,
    export: Export = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the points that are finished in --out.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a result, and a file of --export, that is already there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be simulated, or refuse what would be; write nothing.")
    ] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Simulate a scenario over ranges of its numbers, always on the same draws: how much leverage is too much?

    Every point has the numbers of its own run, or by screening estimates of them. A point at which a fund starts in a
    margin call is marked and left out.
    funds.*.gross* scales the positions of funds without gross, too; targets and limits stay unless they are named.

    \b
    Examples:
      levstress sweep desk --over 'funds.*.gross*=0.5:1.2:0.05'
      levstress sweep desk --over 'funds.*.gross*=0.6:1:0.1' --over shocks.scale=1:2:0.25
      levstress sweep ai-unwind-2026 --over 'assets.*.margin*=0.8:1.2' --paths 5e3 --tipping 2%:10%
      levstress sweep my.toml --over shocks.scale=0.5:2 --over impact.coefficient=0.5:1.5 --latin 50
      levstress sweep desk --over shocks.dof=3,4,6,10 --json
      levstress sweep ai-unwind-2026 --over 'funds.*.gross*=0.5:1' --over shocks.scale=0.5:1.5 --method screen
      levstress sweep desk --over shocks.scale=0.5:2:0.01 --executor dask --workers 8
    """
    if resume and (out is None or overwrite):
        raise typer.BadParameter("--resume needs --out, and goes not with --overwrite")
    check_target(export, overwrite and export is not None)
    from stress.cli.simulate import output_location, says_how_to_go_on, says_what_is_kept
    from stress.scenarios.read.loader import load_scenario

    choice = common.run_options(
        paths=paths, seed=seed, precision=precision, device=device, devices=devices, max_memory=max_memory
    )
    found = load_scenario(scenario, overrides or (), shock or ())
    from stress.questions.sweep.planned import planned
    from stress.questions.sweep.sweep import QUESTION, asked_for, sweep_scenario
    from stress.results.answers.registry import answers
    from stress.scenarios.errors import ScenarioError

    try:
        asked = asked_for(over, latin, seed, _bound(tipping), tipping_axis, method)
    except ScenarioError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if dry_run:
        if executor != LOCAL:
            from stress.cluster.dask_executor import check_cluster

            check_cluster(executor)
        plan = planned(found, asked, choice)
        if json:
            print_json(plan)
            return
        print(
            f"points:   {plan['points']:,}, of which {plan['infeasible']:,} cannot start; {plan['programs']} to compile"
        )
        print(f"paths:    {paths:,} a point, {plan['device']}, {precision}")
        print(f"memory:   {format_size(plan['memory_bytes'])}")
        print(
            f"time:     about {format_seconds(plan['estimated_cpu_seconds'])} of CPU, what has to be compiled included"
        )
        return
    location = output_location(out, f"{QUESTION}-{found.name}", seed, paths, overwrite, resume)
    with says_how_to_go_on(location, "points"), progress_shown(quiet) as callback:
        tree = sweep_scenario(found, asked, choice, location, overwrite, resume, callback, executor, workers)
    from stress.cli.answered import print_answer

    with says_what_is_kept(location.name):
        print_answer(tree, answers()[QUESTION], location.name, json, export)
    say(f"result: {location.name}   (levstress report {location.name} draws it)", quiet or json)


def _bound(text: str) -> Bound:
    from stress.results.answers.sweep.tipping import Bound
    from stress.scenarios.read import units

    loss, colon, probability = text.partition(":")
    try:
        if not colon:
            raise units.UnitError("has no colon", "")
        return Bound(units.loss(loss.strip()), units.fraction(probability.strip()))
    except units.UnitError as error:
        raise typer.BadParameter(
            f"{text!r} {error.problem}; allowed: LOSS:P such as 1%:5%", param_hint="--tipping"
        ) from error
