"""`levstress ablate`: what each mechanism of a scenario adds to its losses."""

from __future__ import annotations

from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import print_json, progress_shown, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.export import Export, check_target
from stress.cli.quantities import format_size


@ends_with_exit_code
def ablate(
    scenario: common.Scenario,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="NAME",
            help="Take out only this mechanism; may be repeated, in the order of the sequence: retail, evaporation, "
            "crowding, impact, hikes, calls, rules. Default: all that the scenario has.",
        ),
    ] = None,
    paths: common.Paths = 20_000,
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
    """Take the mechanisms out of a scenario, one at a time and one after the other, on the same draws.

    retail: dip-buyers from outside; evaporation: depth that vanishes; crowding: others' forced sales, each fund alone
    in the market; impact: of all forced sales on prices; hikes: margin rates that brokers raise; calls: margin calls
    and close-outs; rules: the funds' own leverage limits, stop-losses and targets. The sequence begins with the book
    held still and puts them back, the last that was taken out first.

    \b
    Examples:
      levstress ablate desk
      levstress ablate ai-unwind-2026 --paths 2e4
      levstress ablate my.toml --without crowding --without hikes --json
      levstress ablate desk --out runs/what-adds --export added.csv
    """
    check_target(export, overwrite and export is not None)
    from stress.cli.simulate import output_location, says_what_is_kept
    from stress.cli.street import problem_of

    choice = common.run_options(
        paths=paths, seed=seed, precision=precision, device=device, devices=devices, max_memory=max_memory
    )
    problem, _ = problem_of(scenario, overrides or (), shock or (), None, None, quiet)
    from stress.questions.ablation.ablate import QUESTION, ablate_problem, chosen_mechanisms, runs_of
    from stress.results.answers.registry import answers

    names = [part.strip() for text in without or () for part in text.split(",")] or None
    chosen = chosen_mechanisms(problem, names)
    location = output_location(out, f"{QUESTION}-{problem.name}", seed, paths, overwrite, False)
    if dry_run:
        from stress.engine.plan import plan
        from stress.questions.lean import options_of_lean

        planned = plan(problem, options_of_lean(choice))
        facts = {"directory": location.name, "without": list(chosen), "paths": paths, "runs": runs_of(problem, chosen)}
        if json:
            print_json({**facts, "memory_bytes": planned.memory_bytes, "device": planned.device})
            return
        print(f"without:  {', '.join(chosen)}")
        print(f"runs:     {facts['runs']} of {paths:,} paths, {planned.device}, {precision}")
        print(f"memory:   {format_size(planned.memory_bytes)}\nresult:   {location.name}")
        return
    with progress_shown(quiet) as callback:
        tree = ablate_problem(problem, choice, chosen, location, overwrite, callback)
    from stress.cli.answered import print_answer

    with says_what_is_kept(location.name):
        print_answer(tree, answers()[QUESTION], location.name, json, export)
    say(f"result: {location.name}   (levstress report {location.name} draws it)", quiet or json)
