"""`levstress run`: one scenario, many paths, one run directory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from stress.cli import options as common
from stress.cli.console import console, print_json, progress_shown, say
from stress.cli.enough import Enough, TargetSe, TimeBudget, check_alone
from stress.cli.exits import ends_with_exit_code
from stress.cli.fail_on import FailOn, end_by, limits_json, read_limits
from stress.cli.method import Beside, For, RunMethod, end_by_check
from stress.cli.quantities import format_seconds, format_size
from stress.cli.start import begun, leave_out_extras
from stress.cli.street import Proxy, Street, problem_of
from stress.options import LOCAL, parse_count

if TYPE_CHECKING:
    from stress.engine.plan import RunPlan
    from stress.options import RunOptions
    from stress.questions.limits import Verdict
    from stress.run_directory.run_location import RunLocation
    from stress.scenarios.problem import Problem


@ends_with_exit_code
def run(
    scenario: common.Scenario,
    paths: common.Paths = 1_000_000,
    seed: common.Seed = 1,
    out: common.OutOrUrl = None,
    overrides: common.Set = None,
    shock: common.Shock = None,
    street: Street = None,
    proxy: Proxy = None,
    device: Annotated[
        Literal["auto", "cpu", "gpu"],
        typer.Option("--device", help="Where to compute; auto: on a GPU, where that is predicted to take less time."),
    ] = "auto",
    devices: common.Devices = None,
    precision: common.Precision = "float32",
    tile: common.Tile = None,
    block_size: common.BlockSize = None,
    max_memory: common.MaxMemory = None,
    store: Annotated[
        common.Store,
        typer.Option("--store", help="What to keep: the summary, also the worst paths, or every path."),
    ] = "tails",
    worst: Annotated[
        int, typer.Option("--worst", parser=parse_count, metavar="K", help="Worst paths to keep for each fund.")
    ] = 100,
    members: Annotated[
        bool, typer.Option("--members", help="Report every member of a fund type, not only the types.")
    ] = False,
    exact: Annotated[
        bool,
        typer.Option(
            "--exact",
            help="Simulate twice, for exact VaR and ES at any number of paths; else they are exact where the worst "
            "65,536 paths reach, and within 0.1 % elsewhere.",
        ),
    ] = False,
    executor: common.Executor = "local",
    workers: common.Workers = None,
    fail_on: FailOn = None,
    target_se: TargetSe = None,
    time_budget: TimeBudget = None,
    method: RunMethod = None,
    question: For = None,
    overwrite: common.Overwrite = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the unfinished run in --out, if it is the same one.")
    ] = False,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Write the run directory and simulate nothing: for `levstress worker`."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print paths, blocks, memory, disk and time, from one block that is timed, or refuse what the run "
            "would; write nothing.",
        ),
    ] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Simulate a scenario and write its loss distribution to a run directory.

    The table goes to stdout, progress to stderr. Losses are positive, as a fraction of the fund's starting NAV.

    \b
    Examples:
      levstress run tariff-2025 --paths 1e6
      levstress run my.toml --seed 7 --set impact.coefficient=1.5 --out runs/steeper
      levstress run desk --shock semis=-10% --shock credit=-2%@2
      levstress run desk --dry-run
      levstress run mybook --street ai-unwind-2026
      levstress run desk --paths 2e5 --json --quiet > desk.json
      levstress run tariff-2025 --paths 1e9 --executor tcp://scheduler:8786 --out s3://bucket/april
      levstress run desk --fail-on "es(trend, 0.99) >= 25 %" --fail-on "prob_default(system) >= 1 %"
      levstress run desk --target-se "0.1 %" --time-budget 10min
      levstress run desk --method auto --for "es(system, 0.9999)"
    """
    limits = read_limits(fail_on)
    from stress.cli.simulate import how_to_open, output_location, says_how_to_resume, says_what_is_kept

    choice = common.run_options(
        paths=paths,
        seed=seed,
        precision=precision,
        device=device,
        devices=devices,
        tile=tile,
        block_size=block_size,
        max_memory=max_memory,
        store=store,
        worst=worst,
        members=members,
        exact=exact,
    )
    problem, _ = problem_of(scenario, overrides or (), shock or (), street, proxy, quiet)
    if limits:
        from stress.questions.limits import check_names, names_in_problem

        check_names(limits, names_in_problem(problem, members), scenario)
    if resume and (out is None or overwrite):
        raise typer.BadParameter("--resume needs --out, and excludes --overwrite")
    if executor == LOCAL and "://" not in str(out):  # a cluster is dask's, and a store may need Arrow
        leave_out_extras()
    from stress.api import begin_run, run_problem

    beside = Beside(problem, choice, method, question)
    enough = None
    if target_se is not None or time_budget is not None:
        check_alone(resume=resume, prepare=prepare, dry_run=dry_run, method=beside.asked is not None)
        enough = Enough(problem, choice, out, overwrite, target_se, time_budget)
    location = output_location(out, problem.name, seed, paths, overwrite, resume)
    if resume:
        choice = _as_begun(choice, location)
    if dry_run:
        planned = _planned(problem, choice, location, resume, executor)
        say("compiling and timing one block", quiet)
        from stress.engine.runner import estimate

        planned = replace(planned, estimated_seconds=estimate(problem, choice))
        _show_plan(planned, problem, choice, location.name, json, beside)
        return
    if prepare:
        from stress.results.files.store import RESULT

        if resume and location.has(RESULT):  # a job that starts again after its run was sealed
            say(f"{location.name} holds a finished run: nothing is left to compute", quiet)
            return
        with progress_shown(quiet) as callback:
            by = beside.method(location if resume else None, callback)
        begin_run(problem, choice, location, overwrite, resume, by)
        say(f"{location.name} is ready for: levstress worker {location.name} --shard 0/N, 1/N, ...", quiet)
        return
    if enough is not None:
        with progress_shown(quiet) as callback:
            tree, location = enough.run(begun(callback), executor, workers)
    else:
        with progress_shown(quiet) as callback, says_how_to_resume(location):
            seen = begun(callback)
            by = beside.method(location if resume else None, seen)
            tree = run_problem(problem, choice, location, overwrite, seen, resume, executor, workers, method=by)
    verdicts: list[Verdict] = []
    if limits:
        from stress.questions.limits import judge

        verdicts = judge(limits, tree)
    from stress.results.terminal.summary_table import summary_json, summary_table

    with says_what_is_kept(location.name):
        if json:
            print_json(
                {
                    "directory": location.name,
                    **summary_json(tree),
                    **limits_json(verdicts),
                    **(enough.document() if enough else {}),
                }
            )
        else:
            console().print(summary_table(tree))
    say(how_to_open(location.name), quiet or json)
    end_by_check(tree)
    end_by(verdicts, quiet)
    if enough is not None:
        enough.end(quiet)


def _as_begun(options: RunOptions, location: RunLocation) -> RunOptions:
    from stress.results.files.store import SPEC
    from stress.run_directory.spec import as_begun, read_spec

    if not location.has(SPEC):
        return options
    location.fetch(SPEC)
    return as_begun(options, read_spec(location.folder))


def _planned(problem: Problem, options: RunOptions, location: RunLocation, resume: bool, executor: str) -> RunPlan:
    """The plan of a run that would not be refused; raises what the run would raise before it computes anything."""
    from stress.engine.plan import plan
    from stress.results.files.store import SPEC
    from stress.run_directory.ours import refuse_foreign
    from stress.run_directory.spec import check_same, read_spec, spec_of
    from stress.run_directory.writing import check_room, check_writable

    if executor != LOCAL:
        from stress.cluster.dask_executor import check_cluster

        check_cluster(executor)
    planned = plan(problem, options)
    check_room(location.folder, planned.disk_bytes)
    check_writable(location.folder)
    if resume and location.has(SPEC):
        location.fetch(SPEC)
        check_same(location.name, read_spec(location.folder), spec_of(problem, options))
    else:
        refuse_foreign(location)
    return planned


def _show_plan(plan: RunPlan, problem: Problem, options: RunOptions, where: str, json: bool, beside: Beside) -> None:
    facts: dict[str, Any] = {
        "scenario": problem.name,
        "directory": where,
        "paths": plan.paths,
        "steps": problem.steps,
        "assets": len(problem.assets.ids),
        "funds": len(problem.funds.ids),
        "books": problem.books.managers,
        "blocks": plan.blocks,
        "block_size": plan.block_size,
        "tile": plan.tile,
        "precision": options.precision,
        "device": plan.device,
        "device_why": plan.device_why,
        "memory_bytes": plan.memory_bytes,
        "disk_bytes": plan.disk_bytes,
        "estimated_seconds": plan.estimated_seconds,
        **beside.planned(plan.estimated_seconds),
    }
    if json:
        print_json(facts)
        return
    lines = {
        "scenario": f"{problem.name} ({facts['steps']} steps, {facts['assets']} assets, {facts['funds']} funds)",
        "paths": f"{plan.paths:,} in {plan.blocks:,} blocks of {plan.block_size:,}, tiles of {plan.tile:,}",
        "device": f"{plan.device}, {options.precision}{f' ({plan.device_why})' if plan.device_why else ''}",
        "memory": format_size(plan.memory_bytes),
        "disk": f"{format_size(plan.disk_bytes)} in {where}",
    }
    if plan.estimated_seconds is not None:
        lines["time"] = f"about {format_seconds(plan.estimated_seconds)}, compiling included"
    if beside.asked is not None:
        lines |= {"question": beside.asked.text, "method": beside.sentence(plan.estimated_seconds)}
    for name, value in lines.items():
        print(f"{name + ':':<10}{value}")
