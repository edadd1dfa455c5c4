"""`levstress sensitivity`: which numbers of a scenario matter, and how far off its figures could be."""

from __future__ import annotations

from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import print_json, progress_shown, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.export import Export, check_target
from stress.cli.quantities import format_size


@ends_with_exit_code
def sensitivity(
    scenario: common.Scenario,
    by: Annotated[
        str, typer.Option("--by", metavar="group|number", help="Groups of numbers together, or each number alone.")
    ] = "group",
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Only this: a group, or a key whose numbers move together, * being every entry: assets.*.margin. May "
            "be repeated. Default: all groups, and all [[ranges]] of the scenario.",
        ),
    ] = None,
    step: Annotated[str, typer.Option("--h", metavar="SHARE", help="Step of the differences, to either side.")] = "5 %",
    points: Annotated[
        int,
        typer.Option(
            "--points",
            metavar="N",
            help="Points of the ranges behind the total interval, 16 to 100,000; 0: elasticities alone, no tornado.",
        ),
    ] = 64,
    morris: Annotated[
        int, typer.Option("--morris", metavar="R", help="Morris screening over the ranges, R trajectories, 2 or more.")
    ] = 0,
    sobol: Annotated[
        int, typer.Option("--sobol", metavar="N", help="Sobol indices over the ranges; N a power of two, 8 or more.")
    ] = 0,
    paths: common.Paths = 4_096,
    seed: common.Seed = 1,
    out: common.OutOrUrl = None,
    overrides: common.Set = None,
    shock: common.Shock = None,
    device: common.Device = "auto",
    devices: common.Devices = None,
    precision: common.Precision = "float32",
    max_memory: common.MaxMemory = None,
    export: Export = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a result, and a file of --export, that is already there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be simulated, or refuse what would be; write nothing.")
    ] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Say which numbers of a scenario matter, and how far off its figures could be: which assumption matters?

    Groups of judgement numbers (leverage, margin rates, stop-losses, volume, impact, correlation, ...) are moved by a
    little (elasticities), to the ends of their ranges (tornado), and all at once (total interval), always on the same
    draws. Ranges come with the program, with their sources, or from [[ranges]] in the scenario.

    \b
    Examples:
      levstress sensitivity desk
      levstress sensitivity ai-unwind-2026
      levstress sensitivity tariff-2025 --key haircuts --key leverage --key impact
      levstress sensitivity desk --by number --key 'assets.*.margin' --points 0
      levstress sensitivity my.toml --morris 20 --json
      levstress sensitivity desk --key impact.coefficient --key haircuts --sobol 64
    """
    check_target(export, overwrite and export is not None)
    from stress.cli.simulate import output_location, says_what_is_kept
    from stress.scenarios.errors import ScenarioError
    from stress.scenarios.read import units
    from stress.scenarios.read.loader import load_scenario

    choice = common.run_options(
        paths=paths, seed=seed, precision=precision, device=device, devices=devices, max_memory=max_memory
    )
    try:
        width = units.fraction(step)
    except units.UnitError as error:
        raise typer.BadParameter(f"{step!r} is no share such as 5 %", param_hint="--h") from error
    found = load_scenario(scenario, overrides or (), shock or ())
    from stress.questions.sensitivity.asked import asked_for
    from stress.questions.sensitivity.sensitivity import QUESTION, sensitivity_of
    from stress.results.answers.registry import answers

    try:
        asked = asked_for(found, by, key or (), width, points, morris, sobol)
    except ScenarioError:
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    location = output_location(out, f"{QUESTION}-{found.name}", seed, paths, overwrite, False)
    if dry_run:
        from stress.engine.plan import plan
        from stress.questions.lean import options_of_lean
        from stress.scenarios.build.problem_builder import build_problem

        planned = plan(build_problem(found), options_of_lean(choice))
        if json:
            facts = {"directory": location.name, "paths": paths, "runs": asked.runs, **asked.document()}
            print_json({**facts, "memory_bytes": planned.memory_bytes, "device": planned.device})
            return
        for one in asked.parameters:
            span = f"{one.low:g} to {one.high:g} x, {one.law}" if one.has_range else "no range is known"
            print(f"{one.name}: {len(one.start)} numbers, {span}")
        print(f"runs:     {asked.runs} of {paths:,} paths, {planned.device}, {precision}")
        print(f"memory:   {format_size(planned.memory_bytes)}\nresult:   {location.name}")
        return
    with progress_shown(quiet) as callback:
        tree = sensitivity_of(found, asked, choice, location, overwrite, callback)
    from stress.cli.answered import print_answer

    with says_what_is_kept(location.name):
        print_answer(tree, answers()[QUESTION], location.name, json, export)
    say(f"result: {location.name}   (levstress report {location.name} draws it)", quiet or json)
