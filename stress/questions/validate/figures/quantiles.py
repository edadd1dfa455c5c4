"""Quantiles by step against order statistics of the reference's paths, as near as the engine's bins are wide."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from stress.engine.detail.quantiles import bins_of_assets, bins_of_rows
from stress.questions.validate.agreement import Compared
from stress.questions.validate.check import Check, largest
from stress.questions.validate.figures.told import Floats, Told
from stress.questions.validate.readings import groups
from stress.scenarios.problem import Problem

QUANTILES = ("gross_leverage", "net_leverage", "loss", "price", "depth")
LEVELS = ("0.01", "0.05", "0.25", "0.5", "0.75", "0.95", "0.99")
ROUNDED = 1e-6
NARROWEST, HIGHEST = 2.0**-14, 2.0**10  # width of the bin around zero; what lies beyond is infinite


def quantiles(part: str, told: Told, compared: Compared) -> Iterator[Check]:
    """Each of QUANTILES, in widths of its bin."""
    if not compared.problem.cascade.feedback:  # depth moves nothing
        every = {name: values for name, values in of_paths(compared).items() if name != "depth"}
    else:
        every = of_paths(compared)
    for name, (entity, values, origin) in every.items():
        ranks = [max(1, math.ceil(Fraction(level) * values.shape[-1])) for level in LEVELS]
        by_hand = np.sort(values, axis=-1)[..., [rank - 1 for rank in ranks]]
        said, gap = told.array(name, ("step", entity, "quantile")), np.inf
        if said is not None and said.shape == by_hand.shape:
            relative = _relative_width(compared.problem, entity)
            width = relative * np.minimum(np.abs(by_hand - origin), HIGHEST) + NARROWEST
            beyond = np.abs(by_hand) >= HIGHEST * (1.0 - relative)
            same = np.isinf(said) & (np.sign(said) == np.sign(by_hand))
            with np.errstate(invalid="ignore"):
                gap = largest(np.where(beyond & same, 0.0, np.abs(said - by_hand) / width))
        yield Check(part, f"quantiles by step: {name.replace('_', ' ')}", gap, 1.0 + ROUNDED, "in widths of a bin")


def _relative_width(problem: Problem, entity: str) -> float:
    """Of a bin of funds or assets."""
    bins = bins_of_assets(problem.steps, len(problem.assets.ids)) if entity == "asset" else bins_of_rows()
    return 2.0**-bins.mantissa_bits


def of_paths(compared: Compared) -> dict[str, tuple[str, Floats, float]]:
    """Of each variable what its entities are, values (step, entity, path), and where its bins are fine."""
    problem, result, chosen = compared.problem, compared.result, groups(compared.problem)
    nav = (chosen @ problem.funds.nav)[:, None]

    def grouped(usd: Floats) -> Floats:
        return np.asarray(np.einsum("gm,smp->sgp", chosen, usd) / nav)

    gross = grouped(result.exposure_gross_usd.sum(axis=2))
    net = grouped(result.exposure_usd[:, :, problem.assets.in_net].sum(axis=2))
    equity = grouped(result.equity * problem.funds.nav[:, None])
    none = np.where(gross > 0.0, np.inf, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        leverages = [np.where(equity > 0.0, held / equity, none) for held in (gross, net)]
    return {
        "gross_leverage": ("fund", leverages[0], 0.0),
        "net_leverage": ("fund", leverages[1], 0.0),
        "loss": ("fund", 1.0 - equity, 0.0),
        "price": ("asset", result.price, 1.0),
        "depth": ("asset", result.depth, 1.0),
    }
