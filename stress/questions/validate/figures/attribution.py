"""Causes and parts of the loss, on average and on the worst paths of each fund, against the reference."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

from stress.questions.validate.agreement import CLOSE, Compared
from stress.questions.validate.check import Check, largest
from stress.questions.validate.figures import expected
from stress.questions.validate.figures.parts import Parts
from stress.questions.validate.figures.tails import worst_paths
from stress.questions.validate.figures.told import Floats, Told
from stress.questions.validate.readings import groups
from stress.reference.state import CAUSES

SLICES = {"all": "1", "worst_5pct": "0.05", "worst_1pct": "0.01", "worst_0.1pct": "0.001"}


def of_the_loss(part: str, tree: xr.DataTree, compared: Compared, parts: Parts) -> Iterator[Check]:
    """Every figure of `attribution`."""
    problem, result = compared.problem, compared.result
    yield from expected.held(part, "attribution", tree, expected.with_errors(expected.ATTRIBUTION))
    told, nav = Told(problem, tree, "attribution"), groups(problem) @ problem.funds.nav
    weight = groups(problem) * problem.funds.nav / nav[:, None]
    gross = max(1.0, float(compared.theirs["gross"].max()))
    causes = {name: weight @ values for name, values in zip(CAUSES, result.attribution, strict=True)}
    if "retail" not in problem.outside:
        causes.pop("retail_offset")
    if problem.assets.loadings is None:
        causes.pop("through_loadings")
    tables: list[tuple[str, str, dict[str, Floats], Floats]] = [
        ("contribution", "component", causes | {"total": -result.group_loss}, np.ones(len(nav))),
        ("forgone_by_selling", "", {"": weight @ result.forgone_by_selling}, np.ones(len(nav))),
        ("loss_part", "part", parts.of_loss, np.ones(len(nav))),
        ("loss_part_usd", "part", parts.of_loss, nav),
    ]
    for variable, axis, every, unit in tables:
        for name, values in every.items():
            for word, share in SLICES.items():
                at = {"slice": word} | ({axis: name} if axis else {})
                said, gap = told.array(variable, ("fund",), at), np.inf
                if said is not None:
                    worst = worst_paths(result.group_loss, share)
                    by_hand = np.take_along_axis(values, worst, axis=1).mean(axis=1)
                    gap = largest(np.abs(said / unit - by_hand)) / gross
                words = ", ".join(word.replace("_", " ") for word in (name, word) if word)
                yield Check(part, f"{variable.replace('_', ' ')}: {words}", gap, CLOSE)
