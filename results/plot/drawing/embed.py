"""A figure as SVG text for an HTML page: ids of its own, a name for those who cannot see it, no metadata."""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING
from xml.dom import minidom

from stress.results.plot.style import SAVED, in_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REFERENCE = re.compile(r"url\(#([^)]*)\)")


@in_style
def svg(ax: Axes, prefix: str, label: str) -> str:
    """The figure of `ax` as an `<svg>` element; the same figure and arguments give the same text.

    Text stays text. `prefix` goes before every id, so that several figures fit in one page. `label` becomes the
    accessible name (`role="img"`, `aria-label`). The `viewBox` gives the shape; width and height are left to CSS.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib

    stream = io.BytesIO()
    with matplotlib.rc_context(SAVED), warnings.catch_warnings():
        # The browser has its own fonts: what DejaVu lacks is only measured with it here.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = ax.get_figure(root=True)
        assert figure is not None
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    root = minidom.parseString(stream.getvalue()).documentElement
    assert root is not None
    for metadata in root.getElementsByTagName("metadata"):
        root.removeChild(metadata)
    for element in [root, *root.getElementsByTagName("*")]:
        _with_own_ids(element, prefix)
    for size in ("width", "height"):
        root.removeAttribute(size)
    root.setAttribute("role", "img")
    root.setAttribute("aria-label", label)
    return str(root.toxml())


def _with_own_ids(element: minidom.Element, prefix: str) -> None:
    for key, value in list(element.attributes.items()):
        if key == "id":
            element.setAttribute(key, prefix + value)
        elif key.endswith("href") and value.startswith("#"):
            element.setAttribute(key, f"#{prefix}{value[1:]}")
        elif "url(#" in value:
            element.setAttribute(key, REFERENCE.sub(rf"url(#{prefix}\1)", value))
