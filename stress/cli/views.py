"""A closer look at one part of a result: which part, and which labels of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

import typer

from stress.cli.console import say

if TYPE_CHECKING:
    import xarray as xr

    from stress.results.terminal.views import View

# view -> the options that choose among its numbers
OPTIONS = {
    "sales": ("asset", "asset_class", "fund", "step", "day", "top", "slice"),
    "exposure": ("asset", "asset_class", "fund", "by"),
    "retail": (),
    "timeline": ("asset", "fund"),
    "attribution": ("fund", "slice"),
    "worst": ("fund", "top", "by"),
    "contributions": ("level", "top"),
    "picture": ("fund",),
}
WAYS = {"exposure": ("class", "region", "sector", "asset"), "worst": ("loss", "trough")}  # of --by
LONGEST_LIST = 12  # labels named in a message


class Choice(NamedTuple):
    """The labels as typed; empty or None where an option was not given."""

    asset: list[str]
    asset_class: list[str]
    fund: list[str]
    step: int | None
    day: int | None
    slice: str | None
    level: str | None
    top: int | None
    by: str | None


def the_view(given: list[str], choice: Choice) -> str | None:
    """The view asked for, None = the table of the run.

    Raises:
        typer.BadParameter: more than one, or an option that does not belong to it.
    """
    if len(given) > 1:
        raise typer.BadParameter(f"one view at a time: {', '.join(f'--{name}' for name in given)}")
    name = given[0] if given else None
    for option, value in choice._asdict().items():
        if value and (name is None or option not in OPTIONS[name]):
            homes = ", ".join(f"--{view}" for view, known in OPTIONS.items() if option in known)
            raise typer.BadParameter(f"--{option.replace('_', '-')} belongs to {homes}")
    if choice.step and choice.day:
        raise typer.BadParameter("--step or --day, not both")
    ways = WAYS.get(name or "", ())
    if choice.by is not None and choice.by not in ways:
        raise typer.BadParameter(f"{choice.by!r} is not one of {', '.join(ways)}", param_hint="--by")
    if name == "timeline" and choice.asset and choice.fund:
        raise typer.BadParameter("--timeline is of one fund or of one asset")
    return name


def view_of(name: str | None, tree: xr.DataTree, file: str, choice: Choice, width: int) -> View:
    """The view `name` of a result for the labels of `choice`.

    Raises:
        ScenarioError: a label that the result does not have, or a result without these numbers.
    """
    from stress.results.terminal import views

    if name == "sales":
        assets, funds = _assets(tree, file, choice), _funds(tree, file, choice)
        return views.sales(tree, file, assets, funds, _steps(tree, file, choice), choice.top, choice.slice)
    if name == "exposure":
        fund = _one("fund", _funds(tree, file, choice), file) or "system"
        return views.exposure(tree, file, fund, _assets(tree, file, choice), choice.by or "class")
    if name == "retail":
        return views.purchases(tree, file)
    if name == "timeline":
        asset = _one("asset", _assets(tree, file, choice), file)
        return views.timeline(tree, file, _one("fund", _funds(tree, file, choice), file) or "system", asset)
    if name == "attribution":
        return views.attribution(tree, file, _one("fund", _funds(tree, file, choice), file), choice.slice)
    if name == "worst":
        fund = _one("fund", _funds(tree, file, choice), file) or "system"
        return views.worst(tree, file, fund, choice.top, choice.by or "loss")
    if name == "contributions":
        return views.contributions(tree, file, _level(tree, choice), choice.top)
    if name == "picture":
        return views.picture(tree, file, width, _funds(tree, file, choice))
    return views.summary(tree, file)


def next_looks(directory: str) -> str:
    """Where to look next."""
    return (
        f"next: levstress show {shlex.quote(directory)} --sales    # who sells what, when, how much and why\n"
        "      or --attribution, --timeline, --exposure, --retail, --contributions, --worst, --picture;\n"
        "      --export FILE.csv for the numbers"
    )


def _assets(tree: xr.DataTree, file: str, choice: Choice) -> list[str] | None:
    """Assets by id or a part of it, and those of the classes; None = not asked for."""
    from stress.results.dataset.labels import all_matching
    from stress.results.terminal.views.view import figures, names
    from stress.scenarios.errors import ScenarioError, suggest

    if not (choice.asset or choice.asset_class):
        return None
    line = figures(tree, file, "timeline")
    known = names(line, "asset")
    found = set(all_matching(choice.asset, known, "--asset", file))
    if choice.asset_class and "asset_class" not in line.coords:
        raise ScenarioError(
            "are not in this result, which an older version has written", file=file, key="asset classes"
        )
    for text in choice.asset_class:
        classes = [str(x) for x in line["asset_class"].values]
        if text not in classes:
            allowed = suggest(text, sorted(set(classes)))
            raise ScenarioError(
                "is no class of this result", file=file, key="--asset-class", value=text, allowed=allowed
            )
        found |= {asset for asset, kind in zip(known, classes, strict=True) if kind == text}
    _say_what_is_meant([*choice.asset, *choice.asset_class], [name for name in known if name in found])
    return [name for name in known if name in found]


def _funds(tree: xr.DataTree, file: str, choice: Choice) -> list[str] | None:
    from stress.results.dataset.labels import all_matching
    from stress.results.terminal.views.view import names

    if not choice.fund:
        return None
    found = all_matching(choice.fund, [*names(tree["summary"].to_dataset(), "fund"), "system"], "--fund", file)
    _say_what_is_meant(choice.fund, found)
    return found


def _say_what_is_meant(texts: list[str], found: list[str]) -> None:
    """Name the labels where they are not what was typed."""
    from stress.results.terminal.cells import printable

    if texts != found:
        more = f" and {len(found) - LONGEST_LIST} more" if len(found) > LONGEST_LIST else ""
        say(printable(f"{', '.join(texts)}: {', '.join(found[:LONGEST_LIST])}{more}"))


def _one(what: str, found: list[str] | None, file: str) -> str | None:
    """The one label of several.

    Raises:
        ScenarioError: there are more.
    """
    from stress.scenarios.errors import ScenarioError

    if found is not None and len(found) > 1:
        raise ScenarioError(
            f"means {len(found)} of them", file=file, key=f"--{what}", allowed=f"one of: {', '.join(found)}"
        )
    return found[0] if found else None


def _steps(tree: xr.DataTree, file: str, choice: Choice) -> list[int] | None:
    """The steps of `--step` or `--day`; None = all of them."""
    from stress.scenarios.errors import ScenarioError

    steps, per_day = int(tree.attrs["steps"]), int(tree.attrs["steps_per_day"])
    key, wanted, count = ("--day", choice.day, -(-steps // per_day)) if choice.day else ("--step", choice.step, steps)
    if wanted is None:
        return None
    if wanted > count:
        raise ScenarioError("is not in this run", file=file, key=key, value=wanted, allowed=f"1 to {count}")
    if key == "--step":
        return [wanted]
    return list(range((wanted - 1) * per_day + 1, min(wanted * per_day, steps) + 1))


def _level(tree: xr.DataTree, choice: Choice) -> float:
    from stress.results.terminal.picture import reference_level
    from stress.scenarios.read.units import UnitError, level_text

    if choice.level is None:
        return reference_level(tree)
    try:
        return float(level_text(choice.level))
    except UnitError as error:
        message = f"{choice.level!r} {error.problem}; allowed: {error.allowed}"
        raise typer.BadParameter(message, param_hint="--level") from error
