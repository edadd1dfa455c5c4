"""What a report is made of: sections of text, facts, tables and pictures. The template knows how each looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

MOST_SHADE = 9
MOST_LARGE = 3  # so many pictures in a gallery, or more, are small


@dataclass(frozen=True)
class Cell:
    """A number as text, its standard error beside it, and how dark the cell is: -9 (sold) to 9 (bought), 0 = white."""

    text: str
    error: str = ""
    shade: int = 0


@dataclass(frozen=True)
class Row:
    """Cells under a heading; `strong` marks the row of the whole system, `note` is set small under the heading."""

    heading: str
    cells: tuple[Cell, ...]
    note: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table with one heading for each column, the first being that of the row headings.

    `tight` for many columns; `keys` where the row headings are keys of a scenario, which stay on one line.
    """

    kind: ClassVar = "table"
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    footnote: str = ""
    tight: bool = False
    keys: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) + 1 != len(self.columns):
                raise ValueError(f"{self.caption}: row {row.heading!r} has {len(row.cells) + 1} columns")


@dataclass(frozen=True)
class Picture:
    """An inline SVG that describes itself, the numbers behind it, its twin for plotly, and what it leaves out."""

    name: str
    title: str
    svg: str
    table: Table
    live: dict[str, Any]
    note: str = ""


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side as far as the screen is wide."""

    kind: ClassVar = "gallery"
    pictures: tuple[Picture, ...]

    @property
    def few(self) -> bool:
        """Whether there are too few to fill a row of a wide screen."""
        return len(self.pictures) < MOST_LARGE


@dataclass(frozen=True)
class Text:
    """A paragraph; `quiet` sets it small: how to read what stands above it, or why something is not there."""

    kind: ClassVar = "text"
    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    kind: ClassVar = "items"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Names and their values, which may have several lines; `compact` sets them side by side where there is room."""

    kind: ClassVar = "facts"
    facts: tuple[tuple[str, str], ...]
    compact: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading below that of the section."""

    kind: ClassVar = "heading"
    text: str


@dataclass(frozen=True)
class Folded:
    """Blocks that are shown on request; those `printed` in print too, where the browser can open them."""

    kind: ClassVar = "folded"
    summary: str
    blocks: tuple[Table | Items | Facts | Text | Gallery, ...]
    open: bool = False
    printed: bool = False


Block = Table | Gallery | Text | Items | Facts | Heading | Folded


@dataclass(frozen=True)
class Section:
    """A part of the report with its own entry in the contents."""

    name: str
    title: str
    blocks: Sequence[Block]


def absent(name: str, title: str, reason: str) -> Section:
    """A section that says why it has nothing to show."""
    return Section(name, title, [Text(reason, quiet=True)])
