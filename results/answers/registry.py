"""The questions whose answers can be shown, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stress.results.answers.protocol import QUESTION, Answer

if TYPE_CHECKING:
    import xarray as xr


def answers() -> dict[str, Answer]:
    """Every kind of answer; imported only where one is shown."""
    from stress.results.answers.ablation import document as of_ablation
    from stress.results.answers.ablation import report as ablation_report
    from stress.results.answers.ablation import table as ablation
    from stress.results.answers.rare import report as rare_report
    from stress.results.answers.rare import table as rare
    from stress.results.answers.reverse import document as of_reverse
    from stress.results.answers.reverse import report as reverse_report
    from stress.results.answers.reverse import table as reverse
    from stress.results.answers.sensitivity import document as of_sensitivity
    from stress.results.answers.sensitivity import report as sensitivity_report
    from stress.results.answers.sensitivity import table as sensitivity
    from stress.results.answers.sweep import document as of_sweep
    from stress.results.answers.sweep import report as sweep_report
    from stress.results.answers.sweep import table as sweep

    every = (
        Answer("ablate", _any_width(ablation.shown), of_ablation.document, ablation_report.sections),
        Answer("rare", _any_width(rare.shown), rare.document, rare_report.sections),
        Answer("reverse", _any_width(reverse.shown), of_reverse.document, reverse_report.sections),
        Answer("sensitivity", _any_width(sensitivity.shown), of_sensitivity.document, sensitivity_report.sections),
        Answer("sweep", sweep.shown, of_sweep.document, sweep_report.sections),
    )
    return {one.name: one for one in every}


def _any_width(shown: Callable[[xr.DataTree], list[Any]]) -> Callable[[xr.DataTree, int], list[Any]]:
    """Tables of few columns, which need not know how wide the terminal is."""
    return lambda tree, _: shown(tree)


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
