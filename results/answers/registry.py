"""The questions whose answers can be shown, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stress.results.answers.protocol import QUESTION, Answer

if TYPE_CHECKING:
    import xarray as xr


def answers() -> dict[str, Answer]:
    """Every kind of answer; imported only where one is shown."""
    from stress.results.answers.ablation.answer import ANSWER as ABLATION
    from stress.results.answers.rare.answer import ANSWER as RARE
    from stress.results.answers.reverse.answer import ANSWER as REVERSE
    from stress.results.answers.sensitivity.answer import ANSWER as SENSITIVITY
    from stress.results.answers.sweep.answer import ANSWER as SWEEP

    every: list[Answer] = [ABLATION, RARE, REVERSE, SENSITIVITY, SWEEP]
    return {one.name: one for one in every}


def answer_of(tree: xr.DataTree) -> Answer | None:
    """How a result is shown that is an answer; None for a run.

    Raises:
        ValueError: an answer to a question that this version does not know.
    """
    name = tree.attrs.get(QUESTION)
    if name is None:
        return None
    known = answers()
    if name not in known:
        raise ValueError(f"the result answers the question {name!r}; this version knows {', '.join(sorted(known))}")
    return known[name]
