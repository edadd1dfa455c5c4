"""How a sweep is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stress.results.answers.sweep import table

if TYPE_CHECKING:
    import xarray as xr

    from stress.results.report.elements import Section


class _Sweep:
    name = "sweep"

    def shown(self, tree: xr.DataTree, width: int) -> list[Any]:
        return table.shown(tree, width)

    def document(self, tree: xr.DataTree) -> dict[str, Any]:
        return table.document(tree)

    def sections(self, tree: xr.DataTree) -> list[Section]:
        from stress.results.answers.sweep.report import sections

        return sections(tree)


ANSWER = _Sweep()
