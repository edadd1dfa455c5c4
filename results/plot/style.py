"""One look for every figure: sober, legible in grey and in print, and on a telephone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, cast

from stress.results.plot.drawing.labels import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

WIDTH = 4.8  # inches: 10 pt letters are still 9.5 px high where a picture is 330 px wide
HEIGHT = 3.2
MOST_STEPS = 12  # with more, not every step has its number
ROW = 0.26  # inches of height of a bar with its name
Z95 = 1.959963984540054  # half the width of a 95 % interval, in standard errors
TWO_COLUMNS = 42  # characters
SMALL = 9  # points, the smallest letters
BLACK, DARK, MIDDLE, LIGHT, PALE = "#000000", "#333333", "#767676", "#b4b4b4", "#dcdcdc"
LOSS, GAIN = "#a4391d", "#8fbcdb"  # dark and light: they differ in grey too, and gains are hatched
# Colours from dark to light: they keep their order in grey; styles, marks and hatches tell them apart without it.
COLOURS = ("#12344d", "#a4391d", "#3f7f93", "#cf8a3b", "#7a9a55", "#b9b3c9", "#d9d9d9")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)))
MARKS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "////", "++", "\\\\\\\\", "xxx", "----", "")  # no dots: each is a path of its own in SVG
COLOUR_MAPS = ("Blues", "PuOr")  # from zero up, and for both signs
OTHER_COLOUR_MAPS = ("Greens", "BrBG")  # of another quantity in the same figure

RC: Any = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "axes.edgecolor": MIDDLE,
    "text.color": BLACK,
    "axes.labelcolor": BLACK,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "hatch.linewidth": 0.6,
    "hatch.color": DARK,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "text.usetex": False,
    "axes.unicode_minus": True,
}
SAVED: Any = {"svg.fonttype": "none", "svg.hashsalt": "levstress", "text.usetex": False}


def need_matplotlib() -> None:
    """Raise an ImportError that says how to install matplotlib where it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError:
        raise ImportError("pictures need matplotlib: pip install 'levstress[report]'") from None


def in_style(draw: Callable[P, R]) -> Callable[P, R]:
    """Run `draw` with the settings of this file, leaving matplotlib's own as they were.

    Raises:
        ImportError: matplotlib is not installed.
    """

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        need_matplotlib()
        import matplotlib

        with matplotlib.rc_context(RC):
            return draw(*args, **kwargs)

    return drawn


def new_axes(ax: Axes | None, height: float = HEIGHT, width: float = WIDTH) -> Axes:
    """`ax`, or the axes of a new figure (inches) that pyplot knows nothing of; without frame above and right."""
    if ax is None:
        from stress.results.plot.drawing.sheet import Sheet

        ax = Sheet(figsize=(width, height), layout="constrained").add_subplot()
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=SMALL)
    return ax


def rows_height(rows: int, beside: float = 1.1) -> float:
    """Inches of height for `rows` named rows, and `beside` for title, axis and notes."""
    return max(rows, 2) * ROW + beside


def title(ax: Axes, text: str, second: str = "") -> None:
    """The title `text`, with a line `second` below it.

    In a figure of ours it begins at the left edge, where names of rows leave it room.
    """
    from matplotlib.transforms import blended_transform_factory

    lines = [wrapped(line, _letters(ax, 51, 10.5)) for line in (text, second) if line]
    shown = ax.set_title("\n".join(lines))
    figure = own_figure(ax)
    if figure is not None:
        shown.set_transform(
            blended_transform_factory(figure.transFigure, ax.transAxes) + cast("Any", ax).titleOffsetTrans
        )
        shown.set_x(0.012)


def legend(ax: Axes, loc: Literal["best", "upper right"] = "best") -> None:
    """The legend: under the axes in a figure of ours, where it hides nothing; in axes that were given, inside at `loc`.

    Its names stand in two columns where they are short enough.
    """
    handles, labels = ax.get_legend_handles_labels()
    half = -(-len(labels) // 2)
    wide = max(map(len, labels[:half]), default=0) + max(map(len, labels[half:]), default=0)
    columns = 1 if wide > TWO_COLUMNS else 2
    figure = own_figure(ax)
    if figure is not None:
        figure.legend(handles, labels, loc="outside lower left", ncols=columns)
    elif handles:
        ax.legend(handles, labels, loc=loc, frameon=True, framealpha=0.85, edgecolor=PALE)


def own_figure(ax: Axes) -> Figure | None:
    """The figure of `ax` if it was made for these axes alone."""
    from stress.results.plot.drawing.sheet import Sheet

    figure = ax.get_figure(root=True)
    return figure if isinstance(figure, Sheet) and len(figure.axes) == 1 else None


def _letters(ax: Axes, most: int, points: float) -> int:
    """Letters of a line of text over or under `ax`: as many as fit, `most` in a figure of ours."""
    if own_figure(ax) is not None:
        return most
    figure = ax.get_figure(root=True)
    inches = ax.bbox.width / (figure.dpi if figure is not None else 100.0)
    return int(min(max(inches * 72 / (0.58 * points), 16), most))


def whole_steps(ax: Axes, steps: Any) -> None:
    """Ticks at whole steps only, with half a step of room at either end."""
    from matplotlib.ticker import MaxNLocator

    if len(steps) <= MOST_STEPS:
        ax.set_xticks(steps)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    ax.set_xlim(float(min(steps)) - 0.5, float(max(steps)) + 0.5)


def nothing(ax: Axes, text: str) -> None:
    """Empty axes that say why they are."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, wrapped(text), transform=ax.transAxes, ha="center", va="center")


def note(ax: Axes, text: str) -> None:
    """A remark under the label of the horizontal axis."""
    label, text = ax.get_xlabel(), wrapped(text, _letters(ax, 56, SMALL))
    ax.set_xlabel(f"{label}\n{text}" if label else text)


def caption(ax: Axes, *sentences: str) -> None:
    """What there is to say, at the foot of a figure of ours (which then has no legend); in axes given, under them."""
    text, figure = " ".join(sentence for sentence in sentences if sentence), own_figure(ax)
    if figure is None:
        note(ax, text)
    else:
        figure.supxlabel(wrapped(text, 64), x=0.012, ha="left", fontsize=SMALL)


def left_out(names: list[str], what: str) -> str:
    """What to say of `names` that found no room."""
    return f"{len(names)} more {what} not shown, each smaller." if names else ""


def save(figure: Figure, path: Path) -> None:
    """Save `figure` as PNG, SVG or PDF by the suffix of `path`; the same figure gives the same SVG.

    Raises:
        ValueError: matplotlib does not know the suffix.
    """
    import matplotlib

    with matplotlib.rc_context(SAVED):
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
