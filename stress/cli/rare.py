"""`levstress rare`: a rare loss or default, from paths that are tilted towards it."""

from __future__ import annotations

from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import print_json, progress_shown, say
from stress.cli.exits import BROKEN_INVARIANT, ends_with_exit_code
from stress.cli.export import Export, check_target
from stress.cli.quantities import format_size


@ends_with_exit_code
def rare(
    scenario: common.Scenario,
    question: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="QUESTION",
            help="What the paths serve: 'es(system, 0.999)', 'var(FUND, 0.999)', 'loss(FUND) > 30 %', "
            "'default(FUND)'. Default: ES of the system at the highest level of the scenario.",
        ),
    ] = None,
    paths: common.Paths = 100_000,
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
    """Estimate a rare loss or default from few paths, by importance sampling.

    Pilots find draws that bring the event about; most paths get such draws, and weights that make up for it; one in
    five stays plain, and is what the others are checked by. Exit 7 when plain paths contradict the answer. Where the
    pilots find no gain all paths are plain. For gaussian, student_t, factor and garch draws.

    \b
    Examples:
      levstress rare desk
      levstress rare desk --for 'es(system, 0.9999)' --paths 2e5
      levstress rare desk --set shocks.model=student_t --for 'default(system)'
      levstress rare my.toml --for 'loss(quant) > 30 %' --json
    """
    check_target(export, overwrite and export is not None)
    from stress.cli.simulate import output_location, says_what_is_kept
    from stress.cli.street import problem_of

    choice = common.run_options(
        paths=paths, seed=seed, precision=precision, device=device, devices=devices, max_memory=max_memory
    )
    problem, _ = problem_of(scenario, overrides or (), shock or (), None, None, quiet)
    from stress.questions.rare.asked import read_asked
    from stress.questions.rare.pilot import check_model
    from stress.questions.rare.rare import QUESTION, planned_bytes, rare_problem
    from stress.results.answers.rare.words import warning_of
    from stress.results.answers.registry import answers

    asked = read_asked(question, problem)
    location = output_location(out, f"{QUESTION}-{problem.name}", seed, paths, overwrite, False)
    if dry_run:
        check_model(problem)
        needed = planned_bytes(problem, choice)
        if json:
            print_json({"directory": location.name, "for": asked.text, "paths": paths, "memory_bytes": needed})
            return
        print(f"for:      {asked.text}\npaths:    {paths:,}, and those of pilots, {precision}")
        print(f"memory:   {format_size(needed)}\nresult:   {location.name}")
        return
    with progress_shown(quiet) as callback:
        tree = rare_problem(problem, choice, asked, location, overwrite, callback)
    from stress.cli.answered import print_answer

    with says_what_is_kept(location.name):
        print_answer(tree, answers()[QUESTION], location.name, json, export)
    say(f"result: {location.name}   (levstress report {location.name} draws it)", quiet or json)
    if warning := warning_of(tree):
        say(f"levstress: {warning}")
        raise typer.Exit(BROKEN_INVARIANT)
