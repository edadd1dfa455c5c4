"""The figure by a method beside that of a run's plain paths: group `rare` and `diagnostics/weights` of the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from stress.results.answers.rare.dataset import GROUP, SUFFIXES, WEIGHTS, WORDS
from stress.results.answers.rare.question import Question
from stress.results.statistics import estimators
from stress.results.statistics.estimate import NOTHING, Estimate
from stress.results.statistics.simulation_output import SimulationOutput

HEALTH = f"diagnostics/{WEIGHTS}"  # of a run
TEXTS = ("asked", "kind", "who", "wanted", "method", "why_plain", "plain_check")  # attributes
SCALARS = (
    *("event_paths", "largest_share", "mean_weight", "mean_weight_se"),
    *("plain_paths", "plain_events", "plain_expected", "plain_expected_se"),
)
BY_COMPONENT = ("share", "paths", "events", "weight")


def plain_figure(question: Question, output: SimulationOutput) -> xr.Dataset:
    """`plain`, with _se, _ci_low and _ci_high: the question by the plain paths of the run.

    NaN where it is the probability of a loss so common that not all paths with a larger one were kept.
    """
    one, row = output.of_groups.get(question.who, output), -1
    if question.who in output.groups:
        row = output.groups.index(question.who)
    found = _estimate(question, one, row)
    values = (found.value, found.se, found.low, found.high)
    text = f"{question.text}, by the plain paths"
    data: dict[str, Any] = {
        f"plain{suffix}": ((), value, {"units": "1", "long_name": WORDS.get(suffix, "") + text})
        for suffix, value in zip(SUFFIXES, values, strict=True)
    }
    return xr.Dataset(data)


def _estimate(question: Question, output: SimulationOutput, row: int) -> Estimate:
    if question.kind == "default":
        return estimators.probability(int(output.counts["default"][row]), output.paths)
    losses = output.distributions["fund_loss"][row]
    if question.level is not None:
        by = estimators.value_at_risk if question.kind == "var" else estimators.expected_shortfall
        return by(losses, question.level)
    kept = losses.tail.values
    if question.bound is None or not (len(kept) == output.paths or question.bound >= kept.min()):
        return NOTHING
    return estimators.probability(int(np.count_nonzero(kept > question.bound)), output.paths)


def lacking(tree: xr.DataTree) -> str:
    """What the group `rare` of a run, or the health of its weights, lacks of what is shown; "" where nothing is."""
    figures = tree[GROUP].load().to_dataset()
    for name in TEXTS:
        if not isinstance(figures.attrs.get(name), str):
            return f"the attribute {name} of {GROUP}"
    wanted: dict[str, tuple[str, ...]] = {f"plain{suffix}": () for suffix in SUFFIXES}
    health = as_answer(tree)
    if health is not None:
        by = {"answer": (), "prob_default": (), "var": ("level",), "es": ("level",), "prob_loss_over": ("loss",)}
        wanted |= {f"{name}{suffix}": dims for name, dims in by.items() for suffix in SUFFIXES}
        weights = health[WEIGHTS].to_dataset()
        for name in (*SCALARS, *BY_COMPONENT):
            if name not in weights or weights[name].dims != (("component",) if name in BY_COMPONENT else ()):
                return f"{HEALTH}/{name}"
    for name, dims in wanted.items():
        if name not in figures or figures[name].dims != dims or figures[name].dtype.kind != "f":
            return f"{GROUP}/{name}"
    return ""


def as_answer(tree: xr.DataTree) -> xr.DataTree | None:
    """What a run says of its question as an answer of `levstress rare` says it; None of a run that asks none, or
    whose own paths are the answer."""
    health = tree.children.get("diagnostics")
    if GROUP not in tree.children or health is None or WEIGHTS not in health.children:
        return None
    figures = tree[GROUP].to_dataset()
    groups = {
        "/": xr.Dataset(attrs={**tree.attrs, **figures.attrs}),
        GROUP: figures,
        WEIGHTS: health.children[WEIGHTS].to_dataset(inherit=False),
    }
    return xr.DataTree.from_dict(groups, name=tree.name)
