"""How an answer about rare losses is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stress.results.answers.rare import table

if TYPE_CHECKING:
    import xarray as xr

    from stress.results.report.elements import Section


class _Rare:
    name = "rare"

    def shown(self, tree: xr.DataTree, width: int) -> list[Any]:
        return table.shown(tree)

    def document(self, tree: xr.DataTree) -> dict[str, Any]:
        return table.document(tree)

    def sections(self, tree: xr.DataTree) -> list[Section]:
        from stress.results.answers.rare.report import sections

        return sections(tree)


ANSWER = _Rare()
