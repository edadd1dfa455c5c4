"""The groups `rare` and `weights` of an answer about rare losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from stress.results.answers.rare.curve import thresholds
from stress.results.answers.rare.estimates import SCREEN, Bools, Paths
from stress.results.answers.rare.question import Question
from stress.results.statistics.estimate import Estimate
from stress.results.statistics.plain_check import PlainCheck, by_design, nothing_tilted, plain_check
from stress.results.statistics.weighted import mean

GROUP, WEIGHTS = "rare", "weights"
RARER = 1000.0  # how much rarer than the event asked about a loss of the curve may be
SUFFIXES = ("", "_se", "_ci_low", "_ci_high")
WORDS = {"_se": "standard error of ", "_ci_low": "95 % interval, low end: ", "_ci_high": "95 % interval, high end: "}


def answered(question: Question, paths: Paths) -> tuple[Estimate, Bools]:
    """The figure asked for, and on which paths its event happened."""
    if question.level is not None:
        found = paths.at_level(question.kind, question.level)
        beyond = found if question.kind == "var" else paths.at_level("var", question.level)
        return found, paths.losses > beyond.value
    event = paths.defaulted if question.bound is None else paths.losses > question.bound
    return paths.probability(event), event


def checked(paths: Paths, event: Bools) -> PlainCheck:
    """The event among the plain paths of a mixture."""
    if paths.method == SCREEN:
        return by_design()
    plain = paths.components == 0
    count, events = int(np.count_nonzero(plain)), int(np.count_nonzero(event & plain))
    return nothing_tilted(count, events) if paths.plain else plain_check(count, events, paths.tilted_alone(event))


def rare_dataset(question: Question, paths: Paths, levels: Sequence[str]) -> xr.Dataset:
    """The answer, VaR and ES by level, the probability of a default, and the curve of probabilities of larger losses.

    Returns:
        `answer`, `prob_default` and, by level, `var` and `es`, by loss `prob_loss_over`; each with _se, _ci_low and
        _ci_high.
    """
    data: dict[str, Any] = {}

    def put(name: str, dims: tuple[str, ...], units: str, text: str, found: list[Estimate]) -> None:
        rows = np.array([[one.value, one.se, one.low, one.high] for one in found]).T
        for suffix, values in zip(SUFFIXES, rows, strict=True):
            attrs = {"units": units, "long_name": WORDS.get(suffix, "") + text}
            data[name + suffix] = (dims, values if dims else values[0], attrs)

    answer, event = answered(question, paths)
    put("answer", (), "1", question.text, [answer])
    whose = "whole system" if question.who == "system" else question.who
    default = "probability that any fund defaults" if question.who == "system" else "probability of a default"
    put("prob_default", (), "1", f"{whose}: {default}", [paths.probability(paths.defaulted)])
    asked = sorted({*levels, *([question.level] if question.level else [])}, key=float)
    for kind, text in (("var", "VaR"), ("es", "expected shortfall")):
        put(kind, ("level",), "1", f"{whose}: {text}, fraction of start NAV", [paths.at_level(kind, x) for x in asked])
    figure = answer.value if question.level is not None else question.bound or 0.0
    losses = thresholds(paths, float(paths.weights[event].sum()) / RARER, figure)
    text = f"{whose}: probability of a larger loss"
    put("prob_loss_over", ("loss",), "1", text, [paths.probability(paths.losses > x) for x in losses])
    coords = {
        "level": ("level", [float(x) for x in asked], {"units": "1", "long_name": "level of VaR and ES"}),
        "loss": ("loss", losses, {"units": "1", "long_name": "loss, fraction of start NAV"}),
    }
    return xr.Dataset(data, coords)


def weights_dataset(question: Question, paths: Paths, names: Sequence[str], shares: Sequence[float]) -> xr.Dataset:
    """Health of the weights: by component paths, share, events and mean weight; of all of them the effective sample
    size, the largest share of one path in the event, the mean weight, and the plain check."""
    _, event = answered(question, paths)
    check = checked(paths, event)
    weight, count = paths.weights, len(names)
    by = [np.bincount(paths.components, x, count) for x in (np.ones(len(weight)), event, weight)]
    of_event = np.where(event, weight, 0.0)
    total = float(of_event.sum())
    mean_weight = mean(weight, len(weight))

    def described(text: str, units: str = "1") -> dict[str, str]:
        return {"units": units, "long_name": text}

    scalars: Mapping[str, tuple[float, str]] = {
        "effective_paths": (float(weight.sum()) ** 2 / float((weight**2).sum()), "paths that say as much of a mean"),
        "event_effective_paths": (
            total**2 / float((of_event**2).sum()) if total else 0.0,
            "paths that say as much of the event",
        ),
        "event_paths": (float(np.count_nonzero(event)), "paths on which the event happened"),
        "largest_share": (float(of_event.max()) / total if total else np.nan, "largest share of one path in the event"),
        "mean_weight": (mean_weight.value, "mean weight, 1 within its error"),
        "mean_weight_se": (mean_weight.se, "standard error of the mean weight"),
        "largest_weight": (float(weight.max()), "largest weight"),
        "plain_paths": (check.paths, "plain paths"),
        "plain_events": (check.events, "plain paths on which the event happened"),
        "plain_expected": (check.expected, "the same, expected by the tilted paths alone"),
        "plain_expected_se": (check.expected_se, "standard error of what is expected"),
        "plain_p_value": (check.p_value, "p-value of the plain check"),
    }
    data: dict[str, Any] = {name: ((), value, described(text)) for name, (value, text) in scalars.items()}
    data |= {
        "share": ("component", np.asarray(shares, float), described("share of the paths, as planned")),
        "paths": ("component", by[0].astype(np.int64), described("paths")),
        "events": ("component", by[1].astype(np.int64), described("paths on which the event happened")),
        "weight": ("component", by[2] / len(weight), described("part of the mean weight")),
    }
    coords = {"component": ("component", list(names), described("component of the mixture"))}
    return xr.Dataset(data, coords, {"plain_check": check.verdict})
