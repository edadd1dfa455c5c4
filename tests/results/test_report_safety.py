"""Names and damaged parts of a result cannot do any harm to a report; what it rests on is named."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import plotly.graph_objects as go
import pytest
import xarray as xr

from plot_example import TREE, changed, renamed
from report_example import NASTY, SPEC, the_page, with_attrs
from report_page import check_form, every, parsed, said, section, table, twins
from stress.results.files.store import DamagedRun
from stress.results.report import report_html
from stress.results.report.elements import Table
from stress.results.report.sections.basis import provenance
from stress.results.report.sections.calls import calls
from stress.results.report.sections.crowd import crowding
from stress.results.report.sections.settings import assumptions


@pytest.mark.slow
def test_an_interactive_report_runs_its_own_scripts_and_no_other() -> None:
    page = report_html(TREE, SPEC, interactive=True)
    check_form(page, scripts=2)
    policy = next(meta.get("content") or "" for meta in every(parsed(page), "meta") if meta.get("http-equiv"))
    for script in every(parsed(page), "script"):
        digest = base64.b64encode(hashlib.sha256((script.text or "").encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "script-src 'unsafe" not in policy
    drawn = twins(page)
    assert len(drawn) == len(list(every(parsed(page), "figure")))
    for spec in drawn:
        go.Figure(spec)  # refuses what plotly does not know


def test_hostile_texts_stay_texts() -> None:
    title = "<script>alert(1)</script> & $x_1$ \x1b[31m \ud800 ]]>"
    hostile = renamed(TREE, ("fund", "fund_type", "with_type", "asset", "prime_broker"), lambda name: name + NASTY)
    hostile = with_attrs(
        hostile, title=title, description=f"--> </style></svg>{NASTY}", sources='["<b>\\u0000 {{ 1 }}"]'
    )
    page = report_html(hostile, {**SPEC, "defaults": ["<i>.{{ key }}"], "versions": {"<u>": "</u>"}})
    check_form(page)
    assert not list(every(parsed(page), "b"))
    assert said(next(every(parsed(page), "h1"))).startswith(
        "<script>alert(1)</script> & $x_1$ \N{REPLACEMENT CHARACTER}"
    )
    assert f"alpha{NASTY}" in table(section(page, "headline"), "Losses in %")
    assert "{{ 1 }}" in said(section(page, "sources"))


def test_assumptions_name_every_default_and_its_value() -> None:
    rows = table(section(the_page(), "assumptions"), "Defaults")
    assert {key: cells["Value"] for key, cells in rows.items()} == {
        "cascade.max_rounds": "64",
        "margin.cap": "1.5 (1 of 2 funds); 2 (1 of 2 funds)",
    }
    assert table(section(the_page(), "assumptions"), "Scripted moves")["semis"] == {"Step 2": "−9.95"}


@pytest.mark.parametrize(
    ("caps", "told"),
    [
        ((2.0, 2.0), "2"),
        ((2.0, None), "2 (1 of 2 funds)"),
        ((None, None), "none"),
        (([1.5, 1.5], [1.5, 1.5]), "1.5"),
        (([1.5, 2.0], 1.5), "1.5 (1 of 2 funds); 1.5, 2 (1 of 2 funds)"),
    ],
)
def test_a_default_says_of_how_many_funds_it_is(caps: tuple[Any, ...], told: str) -> None:
    funds = [{"id": str(i), "margin": {} if cap is None else {"cap": cap}} for i, cap in enumerate(caps)]
    found = assumptions({"scenario": {"funds": funds}, "defaults": ["margin.cap"]}).blocks[0]
    assert isinstance(found, Table)
    assert [(row.heading, row.cells[0].text) for row in found.rows] == [("margin.cap", told)]


def test_provenance_names_what_it_takes_to_compute_it_again() -> None:
    text = said(section(the_page(), "provenance"))
    for part in (TREE.attrs["spec_sha256"], "jax 0.10.2", "threefry2x32-20", "float32", "ab" * 32, "funds.csv"):
        assert part in text


def test_a_damaged_part_is_refused_by_name() -> None:
    def turned(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.rename(step="turn") if "step" in dataset.dims else dataset

    with pytest.raises(DamagedRun, match="timeline/called_usd is by turn and fund"):
        calls(changed(TREE, turned))

    def worded(dataset: xr.Dataset) -> xr.Dataset:
        return dataset.assign(overlap=dataset["overlap"].astype(str)) if "overlap" in dataset else dataset

    with pytest.raises(DamagedRun, match="start/overlap"):
        crowding(changed(TREE, worded))


@pytest.mark.parametrize("text", ["{", "[]", "3"])
def test_a_damaged_attribute_is_refused_by_name(text: str) -> None:
    with pytest.raises(DamagedRun, match="input_hashes"):
        provenance(with_attrs(TREE, input_hashes=text), SPEC)


def test_text_stands_out_from_every_ground() -> None:
    style = next(every(parsed(the_page()), "style")).text or ""
    ink, soft, link = (re.findall(rf"--{name}: (#[0-9a-f]+)", style)[0] for name in ("ink", "soft", "link"))
    grounds = ["#ffffff", *re.findall(r"\.(?:sold|bought)-\d { background: (#[0-9a-f]{6})", style)]
    assert len(grounds) == 19
    assert min(contrast(ink, ground) for ground in grounds) > 4.5
    assert min(contrast(colour, "#ffffff") for colour in (soft, link)) > 4.5


def contrast(one: str, other: str) -> float:
    """Ratio of relative luminances as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        digits = colour.removeprefix("#")
        digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
        parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
