"""What the paths of a method say: groups and attributes of a result."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from stress.engine.weighted.method import EXPECTED, Method
from stress.engine.weighted.mixture import Mixture
from stress.options import PLAIN, TILT
from stress.results.answers.rare.dataset import rare_dataset, weights_dataset
from stress.results.answers.rare.estimates import Paths


def datasets(method: Method, paths: Paths, levels: Sequence[str]) -> tuple[xr.Dataset, xr.Dataset]:
    """The figures, and the health of the weights."""
    numbers = method.numbers
    names = [PLAIN] if numbers is None else numbers.names
    shares = np.bincount(paths.components, minlength=len(names)) / len(paths.components)
    if isinstance(numbers, Mixture):
        shares = numbers.slots / numbers.slots.sum()
    return rare_dataset(method.question, paths, levels), weights_dataset(method.question, paths, names, shares.tolist())


def facts(method: Method, plain_check: str, tilted: bool = True) -> dict[str, Any]:
    """Attributes: what was asked, how it was answered, and what the pilot expected.

    Args:
        method: of the paths.
        plain_check: its verdict.
        tilted: whether any path was; of few none may be.
    """
    question, name, why = method.question, method.name, method.why
    if name == TILT and not tilted:
        name, why = PLAIN, "there are so few that none is tilted"
    found = {
        "asked": question.text,
        "kind": question.kind,
        "who": question.who,
        "wanted": method.wanted,
        "method": name,
        "why_plain": why,
        "pilot_paths": method.pilot_paths,
        "plain_check": plain_check,
    }
    if name != PLAIN and method.numbers is not None:
        found[name] = json.dumps(method.numbers.document())
    expected = zip(EXPECTED, method.expected, strict=True)
    return found | {name: value for name, value in expected if math.isfinite(value)}
