"""The figure by a method beside that of a run's plain paths, in sentences and as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from stress.results.answers.horizon import over_horizon
from stress.results.answers.rare.beside import as_answer
from stress.results.answers.rare.dataset import GROUP, SUFFIXES
from stress.results.answers.rare.event import event_of
from stress.results.answers.rare.table import document
from stress.results.answers.rare.words import NAMES, answer_text, gain_of, verdict_of


def sentences(tree: xr.DataTree) -> list[str]:
    """The question, by as many more paths and by the plain ones alone, what its event is, what the others were expected
    to gain, and whether to believe them; nothing of a run without a question."""
    if GROUP not in tree.children:
        return []
    group, paths = tree[GROUP].to_dataset(), int(tree.attrs["paths"])
    asked, found = str(group.attrs["asked"]), as_answer(tree)
    plain = xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=dict(group.attrs)),
            GROUP: group[[f"plain{x}" for x in SUFFIXES]].rename({f"plain{x}": f"answer{x}" for x in SUFFIXES}),
        }
    )
    by_plain = "not known" if np.isnan(float(group["plain"])) else answer_text(plain)
    if found is None:
        why = f"No others were simulated: {group.attrs['why_plain']}."
        return [f"{asked}: {by_plain} by the {paths:,} plain paths. {why}"]
    name = NAMES.get(str(group.attrs["method"]), "as many others")
    first = f"{asked}: {answer_text(found)} by {name}, {paths:,} more paths."
    second = f"By the {paths:,} plain paths of the run alone: {by_plain}."
    return [first, second, *(x for x in (event_of(found), gain_of(found), verdict_of(found)) if x)]


def heading(tree: xr.DataTree) -> str:
    """Above them: what is rare, and over how long."""
    return f"A rare figure {over_horizon(tree)}, by paths that serve it"


def beside_json(tree: xr.DataTree) -> dict[str, Any] | None:
    """The same as numbers: what `levstress rare` says, and `plain`; None of a run without a question."""
    if GROUP not in tree.children:
        return None
    group, found = tree[GROUP].to_dataset(), as_answer(tree)
    names = ("value", "se", "ci_low", "ci_high")
    values = {key: float(group[f"plain{x}"]) for key, x in zip(names, SUFFIXES, strict=True)}
    plain = {key: value if np.isfinite(value) else None for key, value in values.items()}
    told = {key: str(group.attrs[key]) for key in ("asked", "wanted", "method", "why_plain")}
    return {**({} if found is None else document(found)), **told, "plain": plain}
