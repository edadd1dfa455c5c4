"""The widest of some tables that the screen has room for: a number is left out before it is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

ANY_WIDTH = 1000


class Fitting:
    """Tables of the same thing, the fullest first; the last one where none fits.

    Args:
        tables: make each of them.
        without: what is said below each, "" = nothing; as many as there are tables.
    """

    def __init__(self, tables: Sequence[Callable[[], Table]], without: Sequence[str]) -> None:
        self._tables = list(zip(tables, without, strict=True))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.measure import Measurement
        from rich.text import Text

        wide = options.update(max_width=ANY_WIDTH)
        for number, (make, without) in enumerate(self._tables, 1):
            table = make()
            if number == len(self._tables) or Measurement.get(console, wide, table).maximum <= options.max_width:
                yield table
                if without:
                    yield Text(without)
                return
