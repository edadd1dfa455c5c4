"""A figure of `stress.results.plot` inside the page: without its title, which the page has above it, and described."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from stress.results.plot import svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PATH = re.compile(r'(?<= d=")[^"]*(?=")')
_DIGITS = re.compile(r"(\.\d\d)\d+")
_ID = re.compile(r' id="([^"]*)"')
_USED = re.compile(r'(?:href="#|url\(#)([^")]*)')


def drawn(name: str, title: str, description: str, plot: Callable[[], Axes]) -> str:
    """Draw, and return the SVG; `name` begins each of its ids, title and description are what a screen reader says."""
    axes = plot()
    for place in ("left", "center", "right"):
        axes.set_title("", loc=place)
    return embedded(axes, name, f"{title}. {description}")


def embedded(axes: Axes, name: str, label: str) -> str:
    """The whole figure of `axes` as SVG, half as long: hundredths of a point are enough, and ids only where used."""
    text = _PATH.sub(lambda path: _DIGITS.sub(r"\1", " ".join(path[0].split())), svg(axes, f"{name}-", label))
    used = set(_USED.findall(text))
    return _ID.sub(lambda found: found[0] if found[1] in used else "", text)
