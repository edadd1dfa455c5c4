"""`levstress show`: the table of a finished run again, or a closer look at one part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from stress.cli import options as common
from stress.cli.answered import print_answer
from stress.cli.console import console, print_json, say
from stress.cli.exits import ends_with_exit_code
from stress.cli.export import Export, Overwrite, check_target, write_target
from stress.cli.fail_on import FailOn, end_by, limits_json, read_limits
from stress.cli.quantities import parse_positive
from stress.cli.ranges import ranges_for
from stress.cli.views import Choice, next_looks, the_view, view_of

if TYPE_CHECKING:
    import xarray as xr

    from stress.questions.limits import Verdict

Many = list[str] | None


@ends_with_exit_code
def show(
    directory: common.Directory,
    sales: Annotated[bool, typer.Option("--sales", help="Who sells what, when, how much and why.")] = False,
    timeline: Annotated[bool, typer.Option("--timeline", help="The course of the steps.")] = False,
    attribution: Annotated[bool, typer.Option("--attribution", help="What the losses come from.")] = False,
    exposure: Annotated[bool, typer.Option("--exposure", help="What funds hold, step by step.")] = False,
    purchases: Annotated[bool, typer.Option("--retail", help="What buyers from outside bought.")] = False,
    worst: Annotated[bool, typer.Option("--worst", help="The worst paths, with their ids.")] = False,
    contributions: Annotated[
        bool, typer.Option("--contributions", help="What funds and assets add to the system's risk.")
    ] = False,
    picture: Annotated[bool, typer.Option("--picture", help="The loss distributions.")] = False,
    asset: Annotated[
        Many, typer.Option("--asset", metavar="ID", help="An asset, or a part of its id; may be repeated.")
    ] = None,
    asset_class: Annotated[
        Many, typer.Option("--asset-class", metavar="CLASS", help="All assets of a class; may be repeated.")
    ] = None,
    fund: Annotated[
        Many, typer.Option("--fund", metavar="ID", help='A fund, a part of its id, or "system"; may be repeated.')
    ] = None,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="ID", help="A group of funds in the place of the whole system, and its funds."),
    ] = None,
    step: Annotated[
        int | None, typer.Option("--step", metavar="N", parser=parse_positive, help="One step of --sales.")
    ] = None,
    day: Annotated[
        int | None, typer.Option("--day", metavar="N", parser=parse_positive, help="The steps of one day of --sales.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option("--slice", metavar="NAME", help="Paths of --attribution or --sales: worst_1pct, ..."),
    ] = None,
    level: Annotated[
        str | None, typer.Option("--level", metavar="P", help="Level of --contributions; default: that next to 99 %.")
    ] = None,
    top: Annotated[
        int | None,
        typer.Option("--top", metavar="N", parser=parse_positive, help="Rows: assets of --sales, paths of --worst."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="--exposure: class, region, sector, asset. --worst: loss at the end, or largest on the way: trough.",
        ),
    ] = None,
    ranges: common.Ranges = None,
    export: Export = None,
    overwrite: Overwrite = False,
    fail_on: FailOn = None,
    json: common.Json = False,
) -> None:
    """Print the table of a finished run again, or one part of the result more closely, and judge it by limits.

    \b
    Examples:
      levstress show runs/tariff-2025-1-1000000
      levstress show runs/tariff-2025-1-1000000 --sales --asset semis --day 2
      levstress show runs/tariff-2025-1-1000000 --sales --slice worst_1pct
      levstress show runs/tariff-2025-1-1000000 --attribution --slice worst_1pct
      levstress show runs/tariff-2025-1-1000000 --exposure --by region
      levstress show runs/tariff-2025-1-1000000 --worst --fund quant_emn --top 5
      levstress show runs/tariff-2025-1-1000000 --worst --by trough
      levstress show runs/tariff-2025-1-1000000 --export april.csv
      levstress show runs/mybook-1-1000000 --group mine --attribution
      levstress show runs/desk-1-1000000 --ranges runs/sensitivity-desk-1-4096
      levstress show runs/tariff-2025-1-1000000 --json
      levstress show runs/tariff-2025-1-1000000 --fail-on "amplification(system, 0.99) >= 1.5"
    """
    given = {
        "sales": sales,
        "timeline": timeline,
        "attribution": attribution,
        "exposure": exposure,
        "retail": purchases,
        "worst": worst,
        "contributions": contributions,
        "picture": picture,
    }
    choice = Choice(asset or [], asset_class or [], fund or [], step, day, part, level, top, by)
    name = the_view([view for view, wanted in given.items() if wanted], choice)
    check_target(export, overwrite)
    limits = read_limits(fail_on)
    from stress.results.answers.registry import answer_of
    from stress.results.files.store import check_unreplaced, open_result

    screen = console()
    tree, called = open_result(directory), common.name_of(directory)
    answer = answer_of(tree)
    if ranges is not None and (name or group):
        raise typer.BadParameter("goes with the table of the whole run: no view, no group", param_hint="--ranges")
    uncertain = None if ranges is None else ranges_for(tree, ranges)
    if answer is not None:
        if name or group or limits:
            raise typer.BadParameter(f"{called} holds the answer of {answer.name}: it has no views, groups or limits")
        print_answer(tree, answer, called, json, export)
        check_unreplaced(tree, directory)
        return
    whole = tree
    if group is not None:
        tree = _of_group(tree, group, called)
    verdicts: list[Verdict] = []
    if limits:
        from stress.questions.limits import check_names, judge, names_in_result

        check_names(limits, names_in_result(tree), called)
        verdicts = judge(limits, tree)
    if name is None and export is None:  # the table needs no group but the summary
        from stress.results.terminal.summary_table import summary_json, summary_table

        document: dict[str, Any] = summary_json(tree) if json else {}
        shown = [] if json else [summary_table(tree)]
    else:
        from stress.results.terminal.summary_table import summary_json

        view = view_of(name, tree, called, choice, screen.width)
        write_target(export, view.groups, tree.attrs)
        document = {} if not json else summary_json(tree) if name is None else view.document(tree)
        shown = view.shown
    if uncertain is not None:
        from stress.results.answers.sensitivity import beside_shown

        document |= {"ranges": beside_shown.document(tree, uncertain)}
        shown = [*shown, *beside_shown.table(tree, uncertain)]
    check_unreplaced(whole, directory)
    if json:
        print_json({"directory": called, **document, **limits_json(verdicts)})
    else:
        for renderable in shown:
            screen.print(renderable)
    if name is None and not json:
        say(next_looks(called))
    end_by(verdicts)


def _of_group(tree: xr.DataTree, group: str, file: str) -> xr.DataTree:
    """The part of a result that is of a group; raises ScenarioError where there is no such group."""
    from stress.results.fund_groups.as_result import groups_in, of_group
    from stress.scenarios.errors import ScenarioError, suggest

    known = groups_in(tree)
    if group not in known:
        allowed = suggest(group, known) if known else "groups of funds in the scenario: [[groups]] with id and funds"
        raise ScenarioError("is no group of this result", file=file, key="--group", value=group, allowed=allowed)
    say(f"whole system: the funds of group {group} together")
    return of_group(tree, group)
