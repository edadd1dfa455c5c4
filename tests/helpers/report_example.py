"""A report of a small result, and what its tests share."""

from __future__ import annotations

import functools
from typing import Any

import xarray as xr

from plot_example import TREE
from stress.results.report import report_html
from stress.results.report.sections.calls import calls, leverage
from stress.results.report.sections.causes import attribution, contributions
from stress.results.report.sections.crowd import crowding
from stress.results.report.sections.losses import losses
from stress.results.report.sections.sales import sales
from stress.results.report.sections.worst import worst

SPEC: dict[str, Any] = {
    "scenario": {
        "cascade": {"max_rounds": 64},
        "funds": [
            {"id": "alpha", "nav": 1e11, "gross": 3.0, "margin": {"cap": 2.0}, "triggers": {}},
            {"id": "mid", "nav": 5e10, "gross": 3.0, "margin": {"cap": 1.5}, "triggers": {}},
        ],
        "assets": [{"id": "semis", "name": "Semiconductors", "vol": 0.4, "adv": 7e10, "margin": 0.15}],
        "shocks": {"model": "student_t", "script": [{"step": 2, "moves": {"semis": -0.0995}}]},
    },
    "defaults": ["cascade.max_rounds", "margin.cap"],
    "versions": {"levstress": "0.1.0", "jax": "0.10.2"},
}
BUILDERS = [
    ("distribution", losses),
    ("timeline", calls),
    ("timeline", leverage),
    ("timeline", sales),
    ("attribution", attribution),
    ("contributions", contributions),
    ("start", crowding),
    ("tails", worst),
]
GROUPS = ("start", "distribution", "timeline", "attribution", "contributions", "tails")
SOURCES = '["<b>\\u0000 {{ 1 }}"]'
NASTY = '"><img src=x onerror=alert(1)>'


@functools.cache
def the_page() -> str:
    return report_html(TREE, SPEC)


def with_attrs(tree: xr.DataTree, **attrs: Any) -> xr.DataTree:
    changed_tree = tree.copy()
    changed_tree.attrs = {**tree.attrs, **attrs}
    return changed_tree
