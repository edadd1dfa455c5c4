"""The report as one HTML document that asks for nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import xarray as xr

from stress.errors import MissingExtra
from stress.results.answers.registry import answer_of
from stress.results.report.elements import Section
from stress.results.report.parts_of_result import load
from stress.results.report.plotly_twins import as_json

TEMPLATE, STYLE, SCRIPT = "page.html.j2", "report.css", "live.js"
_PERCENT = re.compile(r"(?<=\d) (?=%)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


def need(interactive: bool = False) -> None:
    """Say how to install what a report is made with, before anything is read.

    Raises:
        MissingExtra: Jinja2 or matplotlib (extra `report`), or plotly (extra `interactive`) is not installed.
    """
    from importlib.util import find_spec

    extras = {"report": ("jinja2", "matplotlib"), "interactive": ("plotly",) if interactive else ()}
    for extra, modules in extras.items():
        missing = [module for module in modules if find_spec(module) is None]
        if missing:
            raise MissingExtra(f"a report needs {' and '.join(missing)}: pip install 'levstress[{extra}]'")


def sections(
    tree: xr.DataTree,
    spec: dict[str, Any] | None,
    stories: Sequence[xr.DataTree] = (),
    reason: str = "",
    ranges: xr.DataTree | None = None,
) -> list[Section]:
    """All parts of the report in their order; those without data say why. Of an answer its own parts.

    `ranges` is a sensitivity analysis of the same scenario: its intervals stand beside those of the run.

    Raises:
        DamagedRun: a part of the result is not what its name says.
    """
    from stress.results.answers.rare.report import beside
    from stress.results.report.sections.basis import limits, provenance, sources
    from stress.results.report.sections.calls import calls, leverage
    from stress.results.report.sections.causes import attribution, contributions
    from stress.results.report.sections.checks import convergence
    from stress.results.report.sections.crowd import brokers, crowding
    from stress.results.report.sections.exposure import exposure, purchases
    from stress.results.report.sections.headline import headline
    from stress.results.report.sections.losses import amplification, losses
    from stress.results.report.sections.sales import sales
    from stress.results.report.sections.settings import assumptions
    from stress.results.report.sections.worst import worst

    basis = [assumptions(spec), sources(tree), limits(tree), provenance(tree, spec)]
    answer = answer_of(tree)
    if answer is not None:
        return [*answer.sections(tree), *basis]
    return [
        headline(tree),
        *([] if ranges is None else [_with_ranges(tree, ranges)]),
        losses(tree),
        *beside(tree),
        calls(tree),
        leverage(tree),
        sales(tree, stories),
        purchases(tree),
        exposure(tree),
        attribution(tree),
        contributions(tree),
        crowding(tree),
        brokers(tree),
        amplification(tree),
        convergence(tree),
        worst(tree, stories, reason),
        *basis,
    ]


def _with_ranges(tree: xr.DataTree, ranges: xr.DataTree) -> Section:
    from stress.results.answers.sensitivity.beside_shown import section

    return section(tree, ranges)


def report_html(
    tree: xr.DataTree,
    spec: dict[str, Any] | None = None,
    stories: Sequence[xr.DataTree] = (),
    reason: str = "",
    interactive: bool = False,
    ranges: xr.DataTree | None = None,
) -> str:
    """The report of a result; the same run gives the same text.

    Args:
        tree: the result.
        spec: its `spec.json`.
        stories: replays: of a path that stands for the worst 1 %, then of the worst.
        reason: why there are none.
        interactive: with plotly inside.
        ranges: a sensitivity analysis of the same scenario, whose intervals are shown too.

    Raises:
        DamagedRun: a part of the result is not what its name says.
        MissingExtra: see `need`.
    """
    need(interactive)
    load(tree)
    steps = tree.attrs.get("steps")
    length = f" of {steps} steps" if steps else ""
    return page_html(
        str(tree.attrs["title"] or tree.attrs["name"]),
        str(tree.attrs.get("changed", "")),
        f"Stress test of leveraged funds: {int(tree.attrs['paths']):,} paths{length}.",
        str(tree.attrs.get("description", "")).strip(),
        sections(tree, spec, stories, reason, ranges),
        interactive,
    )


def page_html(
    title: str, changed: str, intro: str, description: str, parts: Sequence[Section], interactive: bool = False
) -> str:
    """A page of some sections.

    Args:
        title: its heading.
        changed: what was changed of the scenario, "" for nothing.
        intro: a sentence below the title.
        description: a paragraph below that.
        parts: what it shows.
        interactive: with plotly inside.

    Raises:
        MissingExtra: see `need`.
    """
    need(interactive)
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("stress.results.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    # All of it is this program's own: style sheet, scripts, and pictures whose labels matplotlib has escaped.
    environment.filters |= {"own": Markup, "json": as_json, "digest": _digest}
    return environment.get_template(TEMPLATE).render(
        title=title,
        changed=changed,
        intro=intro,
        description=description,
        sections=parts,
        style=_file(STYLE),
        scripts=_scripts() if interactive else [],
    )


def _file(name: str) -> str:
    return files("stress.results.report").joinpath(name).read_text(encoding="utf-8")


def _scripts() -> list[str]:
    from plotly.offline import get_plotlyjs

    # HTML allows no control characters; those of plotly stand in literals, where an escape is the same.
    return [_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", get_plotlyjs()), _file(SCRIPT)]


def _digest(script: str) -> str:
    """By which the page's own policy knows a script that may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _harmless(value: Any) -> Any:
    """Texts without what HTML allows in no form (control characters, surrogates, non-characters); % at its number."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    value = _PERCENT.sub("\N{NO-BREAK SPACE}", value)
    return "".join(letter if letter in "\n\t" or _allowed(letter) else "\N{REPLACEMENT CHARACTER}" for letter in value)


def _allowed(letter: str) -> bool:
    code = ord(letter)
    return unicodedata.category(letter) not in ("Cc", "Cs") and not 0xFDD0 <= code <= 0xFDEF and code & 0xFFFE != 0xFFFE
