"""What an answer to a question is: a labelled DataTree whose attribute `question` says which, and how it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import xarray as xr

    from stress.results.report.elements import Section

QUESTION = "question"  # attribute of the root that only an answer has, and table of its spec


class Answer(Protocol):
    """How the answers to one question are shown; a module or an object each, listed in `registry`."""

    name: str  # of the command, of the attribute `question` and of the group of the result

    def shown(self, tree: xr.DataTree, width: int) -> list[Any]:
        """What the terminal prints, renderables of rich, no wider than `width`."""
        ...

    def document(self, tree: xr.DataTree) -> dict[str, Any]:
        """What `--json` prints."""
        ...

    def sections(self, tree: xr.DataTree) -> list[Section]:
        """Its parts of the report, pictures included; settings, sources and provenance follow by themselves."""
        ...
