"""What an answer to a question is: a labelled DataTree whose attribute `question` says which, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

    from stress.results.report.elements import Section

QUESTION = "question"  # attribute of the root that only an answer has, and table of its spec


@dataclass(frozen=True)
class Answer:
    """How the answers to one question are shown.

    Attributes:
        name: of the command, of the attribute `question` and of the group of the result.
        shown: what the terminal prints, renderables of rich, no wider than so many columns.
        document: what `--json` prints.
        sections: its parts of the report, pictures included; settings, sources and provenance follow by themselves.
    """

    name: str
    shown: Callable[[xr.DataTree, int], list[Any]]
    document: Callable[[xr.DataTree], dict[str, Any]]
    sections: Callable[[xr.DataTree], list[Section]]
