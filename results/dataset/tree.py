"""From a finished simulation to the labelled dataset: the groups, names and attributes users rely on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

import stress.results.dataset.accessor  # noqa: F401  (registers `tree.stress`)
from stress.results.dataset.contributions import contributions
from stress.results.dataset.detail import attribution, timeline
from stress.results.dataset.paths import diagnostics, distribution, paths, tails
from stress.results.dataset.start import start
from stress.results.dataset.summary import summary
from stress.results.dataset.tables import tail_timeline
from stress.results.fund_groups.nodes import of_groups
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.conditions.report import condition_facts
from stress.scenarios.problem import Problem
from stress.scenarios.replay.report import replay_facts
from stress.scenarios.start import start_in_call
from stress.scenarios.switched_off import switched_off

CONVENTIONS = {
    "loss": "-(final equity + paid out - start equity) / start equity; positive = loss, not floored",
    "var": "order statistic ceil(p N) of the losses",
    "es": "mean of the worst (1 - p) N losses, the boundary one counted in part",
    "level": "0 stands for the mean",
    "amplification": "ES over the ES of the start book held still, each over its own worst paths; NaN under 0.001",
    "system": "sums in USD over the sum of start NAVs",
    "leverage": "inf while positions are held with equity at or below zero, 0 when flat",
    "confidence": "intervals are 95 %",
    "attribution": "profit is positive",
}
MODEL_LIMITS = ("no financing cost or dividends", "no cross-impact between assets")
OPTIONS_LIMIT = "options by delta, gamma and theta, not by full revaluation"


def spec_digest(canonical: dict[str, Any]) -> str:
    """SHA-256 of a resolved scenario as JSON with sorted keys and no spaces."""
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def to_datatree(output: SimulationOutput) -> xr.DataTree:
    """The result as a DataTree.

    Groups `start`, `summary`, `distribution`, `timeline`, `tail_timeline`, `attribution`, `contributions`,
    `diagnostics`; `tails` and `tails_by_trough` when worst paths were kept; `paths` when all were, else `shared`, the
    same of the first paths, which another run with this seed can be paired with; where funds are grouped those of
    `results.fund_groups`. Every variable and coordinate has `units` and `long_name`; funds, assets and brokers are in
    file order.
    """
    groups = {
        "/": xr.Dataset(attrs=attributes(output.problem, output.paths, output.attrs)),
        "start": start(output),
        "summary": summary(output),
        "distribution": distribution(output),
        "timeline": timeline(output),
        "attribution": attribution(output),
        "contributions": contributions(output),
        "diagnostics": diagnostics(output),
    }
    worst = tail_timeline(output)
    if worst is not None:
        groups["tail_timeline"] = worst
    if output.worst:
        groups["tails"] = tails(output, output.worst)
        groups["tails_by_trough"] = tails(output, output.worst_by_trough)
        groups["tails_by_trough"]["rank"].attrs["long_name"] = "rank by the fund's own trough, the worst path being 1"
    if output.stored is not None:
        groups["paths"] = paths(output, output.stored)
    elif output.sample.shared is not None:
        groups["shared"] = paths(output, output.sample.shared)
    return xr.DataTree.from_dict(groups | of_groups(output), name=output.problem.name)


def to_lean_tree(output: SimulationOutput) -> xr.DataTree:
    """The groups `summary` and `paths` of a lean run, named and labelled as in `to_datatree`."""
    assert output.stored is not None  # a lean run keeps every path
    groups = {
        "/": xr.Dataset(attrs=attributes(output.problem, output.paths, output.attrs)),
        "summary": summary(output),
        "paths": paths(output, output.stored),
    }
    return xr.DataTree.from_dict(groups, name=output.problem.name)


def attributes(problem: Problem, paths: int, more: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a root: what was simulated, from what, by which conventions; numbers, texts and JSON texts.

    Args:
        problem: the scenario.
        paths: of a run.
        more: further ones.
    """
    attrs = {
        "name": problem.name,
        "title": problem.origin.titled(problem.title or problem.name),
        "changed": problem.origin.sentence() if problem.origin.overrides else "",
        "origin": problem.origin.document(),
        "switched_off": list(switched_off(problem)),
        "starts_in_call": start_in_call(problem),
        "description": problem.description,
        "sources": list(problem.sources),
        "spec_sha256": spec_digest(problem.canonical),
        "input_hashes": problem.input_hashes,
        "paths": paths,
        "steps": problem.steps,
        "steps_per_day": problem.steps_per_day,
        "scenario_members": len(problem.funds.ids),
        "correlation_repair_distance": float(problem.shocks.repair_distance),
        **({"conditions": condition_facts(problem)} if problem.shocks.conditions else {}),
        **({} if problem.shocks.replay is None else {"replay": replay_facts(problem)}),
        **more,
        "conventions": CONVENTIONS,
        "model_limits": [*MODEL_LIMITS, *([] if problem.books.gamma is None else [OPTIONS_LIMIT])],
    }
    return {name: _plain(value) for name, value in attrs.items()}


def _plain(value: Any) -> Any:
    """A value that any reader of attributes takes: a number, a text, or JSON text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
