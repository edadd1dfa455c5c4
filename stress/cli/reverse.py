"""`levstress reverse`: the most plausible shocks that bring something about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stress.cli import options as common
from stress.cli.console import print_json, progress_shown, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.export import Export, check_target
from stress.cli.quantities import format_size


@ends_with_exit_code
def reverse(
    scenario: common.Scenario,
    limit: Annotated[
        str | None,
        typer.Option(
            "--limit",
            metavar="EXPR",
            help="What a shock is to bring about: 'loss(system) > 15 %', 'called(quant)', 'default(multistrat)'; also "
            "trough, drawdown, loss_static, called_nav_share, defaulted_nav_share, called_usd, forced_sales_usd. "
            "Default: a loss beyond the system's own VaR at 99.9 %.",
        ),
    ] = None,
    call: Annotated[
        str | None, typer.Option("--call", metavar="FUND", help="Short for --limit 'called(FUND)'.")
    ] = None,
    default: Annotated[
        str | None, typer.Option("--default", metavar="FUND", help="Short for --limit 'default(FUND)'.")
    ] = None,
    loss: Annotated[
        str | None, typer.Option("--loss", metavar="FUND=X%", help="Short for --limit 'loss(FUND) > X %'.")
    ] = None,
    answers: Annotated[int, typer.Option("--answers", min=1, max=20, help="At most so many distinct shocks.")] = 3,
    script: Annotated[
        Path | None,
        typer.Option("--script", metavar="FILE.toml", help="Write the first shock as a scenario without a draw."),
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
        bool, typer.Option("--overwrite", help="Replace a result, and files of --export and --script, already there.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be asked, or refuse what would be; write nothing.")
    ] = False,
    json: common.Json = False,
    quiet: common.Quiet = False,
) -> None:
    """Find the most plausible shocks that bring about a loss, a margin call or a default, through the whole cascade.

    Most plausible is nearest to no shock at all, in the standard normals that the scenario draws. Beside the
    probability of each shock stands how often it happens in a plain run: where the two differ, no single shock
    explains it.

    \b
    Examples:
      levstress reverse desk
      levstress reverse desk --limit 'loss(system)>15%'
      levstress reverse desk --default multi_strategy --set shocks.model=student_t
      levstress reverse my.toml --call quant --answers 5 --json
      levstress reverse desk --loss market_neutral=20% --script worst.toml
    """
    event_text = _limit(limit, call, default, loss)
    check_target(export, overwrite and export is not None)
    if script is not None:
        check_script(script, overwrite)
    from stress.cli.simulate import output_location, says_what_is_kept
    from stress.cli.street import problem_of
    from stress.options import RunOptions
    from stress.questions.reverse.reverse import QUESTION, STORIES, checked, reverse_problem

    problem, _ = problem_of(scenario, overrides or (), shock or (), None, None, quiet)
    try:
        from stress.questions.reverse.event import parse_event

        choice = RunOptions(
            paths=paths, seed=seed, precision=precision, device=device, devices=devices, max_memory=max_memory
        )
        event = None if event_text is None else parse_event(event_text)
        checked(problem, event, choice, answers, STORIES)
    except ValueError as error:
        from stress.scenarios.errors import ScenarioError

        if isinstance(error, ScenarioError):
            raise
        raise typer.BadParameter(str(error)) from error
    location = output_location(out, f"{QUESTION}-{problem.name}", seed, paths, overwrite, False)
    if dry_run:
        from stress.engine.plan import plan
        from stress.questions.lean import options_of_lean

        planned = plan(problem, options_of_lean(choice))
        wanted = event_text or "loss(system) > its VaR at 99.9 %"
        if json:
            facts = {"directory": location.name, "limit": wanted, "paths": paths, "answers": answers}
            print_json({**facts, "memory_bytes": planned.memory_bytes, "device": planned.device})
            return
        print(f"limit:    {wanted}\nplain:    {paths:,} paths, {planned.device}, {precision}")
        print(f"memory:   {format_size(planned.memory_bytes)}\nresult:   {location.name}")
        return

    with progress_shown(quiet) as callback:
        tree = reverse_problem(problem, event, choice, location, overwrite, answers, STORIES, callback)
    from stress.cli.answered import print_answer
    from stress.results.answers.registry import answers as known

    with says_what_is_kept(location.name):
        print_answer(tree, known()[QUESTION], location.name, json, export)
        if script is not None:
            from stress.questions.reverse.script import write_script

            if tree["reverse"].sizes["answer"]:
                script.parent.mkdir(parents=True, exist_ok=True)
                write_script(problem, tree, script)
                say(f"script: {script}   (levstress run {script} --paths 1)", quiet or json)
            else:
                say("script: not written, as no shock was found", quiet or json)
    say(f"result: {location.name}   (levstress report {location.name} draws it)", quiet or json)


def check_script(file: Path, overwrite: bool) -> None:
    """Refuse a file of --script that cannot be written, or would be no scenario, before anything is read.

    Raises:
        typer.BadParameter: another suffix, a folder, or a file that is there already.
        CannotWrite: its folder cannot be written.
    """
    from stress.run_directory.writing import check_writable

    if file.suffix != ".toml":
        raise typer.BadParameter(f"{file} is no scenario file; allowed: FILE.toml", param_hint="--script")
    if file.is_dir():
        raise typer.BadParameter(f"{file} is a folder; allowed: FILE.toml", param_hint="--script")
    if file.exists() and not overwrite:
        raise typer.BadParameter(f"{file} is there already; --overwrite replaces it", param_hint="--script")
    check_writable(file.parent)


def _limit(limit: str | None, call: str | None, default: str | None, loss: str | None) -> str | None:
    """The one thing that is asked, as a limit."""
    given = [
        name
        for name, x in zip(("--limit", "--call", "--default", "--loss"), (limit, call, default, loss), strict=True)
        if x
    ]
    if len(given) > 1:
        raise typer.BadParameter(f"{' and '.join(given)}: one at a time")
    if call:
        return f'called("{call}")'
    if default:
        return f'default("{default}")'
    if loss:
        fund, equals, amount = loss.rpartition("=")
        if not equals or not fund:
            raise typer.BadParameter(f"{loss!r} is no FUND=LOSS such as quant=20%", param_hint="--loss")
        return f'loss("{fund}") > {amount}'
    return limit
