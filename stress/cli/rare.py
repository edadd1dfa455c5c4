"""`levstress rare`: a rare loss or default, from paths that are tilted towards it."""

from __future__ import annotations

from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import print_json, progress_shown, say
from stress.cli.exits import BROKEN_INVARIANT, ends_with_exit_code
from stress.cli.export import Export, check_target
from stress.cli.method import For, MethodName
from stress.cli.quantities import format_size


@ends_with_exit_code
def rare(
    scenario: common.Scenario,
    question: For = None,
    method: Annotated[
        MethodName,
        typer.Option(
            "--method",
            help="tilt: importance sampling. screen: sales are simulated where the book held still loses most, and on "
            "few of the other paths. auto: what gains most by its pilot, plain paths where nothing does.",
        ),
    ] = "auto",
    paths: common.Paths = 100_000,
    seed: common.Seed = 1,
    out: common.OutOrUrl = None,
    overrides: common.Set = None,
    shock: common.Shock = None,
    device: common.Device = "auto",
    devices: common.Devices = None,
    precision: common.Precision = "float32",
    max_memory: common.MaxMemory = None,
    members: Annotated[bool, typer.Option("--members", help="FUND is a member of a fund type, not a type.")] = False,
    export: Export = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the paths that are finished in --out.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a result, and a file of --export, that is already there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be simulated, or refuse what would be; write nothing.")
    ] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Estimate a rare loss or default from few paths: importance sampling, or screening, as pilots decide.

    Tilted: pilots find draws that bring the event about; most paths get such draws, and weights that make up for it;
    one in five stays plain, and is what the others are checked by. Exit 7 when plain paths contradict the answer.
    Screened: every path is held still, sales are simulated on the worst and on one in 32 of the others. Where no pilot
    finds a gain all paths are plain. Only gaussian, student_t, factor and garch draws can be tilted. Stopped after its
    pilots, it goes on with --out DIR --resume. FUND may be a group.

    \b
    Examples:
      levstress rare desk
      levstress rare desk --for 'es(system, 0.9999)' --paths 2e5
      levstress rare desk --set shocks.model=student_t --for 'default(system)'
      levstress rare my.toml --for 'loss(quant) > 30 %' --json
      levstress rare ai-unwind-2026 --method screen --paths 1e6
      levstress rare ai-unwind-2026 --paths 1e7 --out runs/rare --resume
    """
    if resume and (out is None or overwrite):
        raise typer.BadParameter("--resume needs --out, and goes not with --overwrite")
    check_target(export, overwrite and export is not None)
    from stress.cli.simulate import output_location, says_how_to_go_on, says_what_is_kept
    from stress.cli.street import problem_of

    choice = common.run_options(
        paths=paths,
        seed=seed,
        precision=precision,
        device=device,
        devices=devices,
        max_memory=max_memory,
        members=members,
    )
    problem, _ = problem_of(scenario, overrides or (), shock or (), None, None, quiet)
    from stress.engine.weighted.paths import planned_bytes
    from stress.questions.rare.asked import read_asked
    from stress.questions.rare.choose import check_method, most_pilot_paths
    from stress.questions.rare.rare import QUESTION, rare_problem
    from stress.results.answers.rare.words import warning_of
    from stress.results.answers.registry import answers

    asked = read_asked(question, problem, members)
    location = output_location(out, f"{QUESTION}-{problem.name}", seed, paths, overwrite, resume)
    if dry_run:
        check_method(method, problem)
        needed, pilots = planned_bytes(problem, choice), most_pilot_paths(method, problem)
        if json:
            facts = {"directory": location.name, "for": asked.text, "method": method, "paths": paths}
            print_json({**facts, "pilot_paths_at_most": pilots, "memory_bytes": needed})
            return
        of_pilots = f", and {pilots:,} of pilots at most" if pilots else ""
        print(f"for:      {asked.text}\nmethod:   {method}\npaths:    {paths:,}{of_pilots}, {precision}")
        print(f"memory:   {format_size(needed)}\nresult:   {location.name}")
        return
    with progress_shown(quiet) as callback, says_how_to_go_on(location, "paths"):
        tree = rare_problem(problem, choice, asked, location, overwrite, callback, method, resume)
    from stress.cli.answered import print_answer

    with says_what_is_kept(location.name):
        print_answer(tree, answers()[QUESTION], location.name, json, export)
    say(f"result: {location.name}   (levstress report {location.name} draws it)", quiet or json)
    if warning := warning_of(tree):
        say(f"levstress: {warning}")
        raise typer.Exit(BROKEN_INVARIANT)
