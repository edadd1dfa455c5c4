"""Funds, assets, levels and slices as a person names them, and the labels of a result that are meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stress.scenarios.errors import ScenarioError, suggest

STEPS_IN_TABLE = 60


def matching(text: str, known: Sequence[str], key: str, file: str) -> list[str]:
    """The id `text`, or else every id that holds it, whatever the case; in the order of `known`.

    Raises:
        ScenarioError: none does.
    """
    if text in known:
        return [text]
    found = [name for name in known if text and text.casefold() in name.casefold()]
    if not found:
        raise ScenarioError(
            "is neither an id nor a part of one", file=file, key=key, value=text, allowed=suggest(text, known)
        )
    return found


def evenly_spaced(steps: np.ndarray, most: int = STEPS_IN_TABLE) -> list[int]:
    """All steps, or `most` of them from the first to the last."""
    if len(steps) <= most:
        return [int(step) for step in steps]
    return [int(steps[i]) for i in np.unique(np.linspace(0, len(steps) - 1, most).round().astype(int))]


def all_matching(texts: Sequence[str], known: Sequence[str], key: str, file: str) -> list[str]:
    """The ids that any of `texts` means, each once, in the order of `known`.

    Raises:
        ScenarioError: a text that means none.
    """
    found = {name for text in texts for name in matching(text, known, key, file)}
    return [name for name in known if name in found]
