"""Results go to stdout, messages and progress to stderr; no colour or bars unless a person is watching."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from stress.cli.streams import Output, Unescaped, harmless

if TYPE_CHECKING:
    from rich.console import Console

    from stress.options import Progress

PIPE_WIDTH = 160  # columns of a table that is not printed on a terminal
SECONDS_BETWEEN_LINES = 10.0


def is_watched(stream: TextIO) -> bool:
    """Whether `stream` is a terminal on which colour and bars are welcome."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def console(stream: TextIO | None = None) -> Console:
    """A rich console on `stream` (stdout), plain text when it is not watched; texts cannot steer the terminal."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Harmless(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
            for text, style, control in super().render(renderable, options):
                yield Segment(text if control else harmless(text), style, control)

    stream = sys.stdout if stream is None else stream
    watched = is_watched(stream)
    columns = os.environ.get("COLUMNS", "")
    width = None if stream.isatty() else int(columns) if columns.isdigit() and int(columns) > 0 else PIPE_WIDTH
    return Harmless(
        file=Unescaped(stream) if isinstance(stream, Output) else stream,  # type: ignore[arg-type]
        color_system="auto" if watched else None,
        force_terminal=watched,
        width=width,
        highlight=False,
        emoji=False,
        markup=False,
    )


def say(text: str, quiet: bool = False) -> None:
    """Print a message for the person at the terminal, on stderr."""
    if not quiet:
        print(harmless(text), file=sys.stderr)


def print_json(value: dict[str, Any] | list[Any]) -> None:
    """Print one JSON document on stdout; numbers that JSON cannot hold are an error, not an invalid document."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    print("\n".join(line if line.isprintable() else _escaped(line) for line in text.split("\n")))


def _escaped(line: str) -> str:
    """A line of JSON with what is not printable as JSON's own escapes."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line)


@contextmanager
def progress_shown(quiet: bool) -> Iterator[Callable[[Progress], None] | None]:
    """A callback that shows progress: a bar with the time left on a terminal, else a line now and then."""
    if quiet:
        yield None
    elif is_watched(sys.stderr):
        with _bar() as callback:
            yield callback
    else:
        yield _lines()


def _lines() -> Callable[[Progress], None]:
    last_phase, last_time = "", float("-inf")

    def show(progress: Progress) -> None:
        nonlocal last_phase, last_time
        now = time.monotonic()
        if progress.phase != last_phase or now - last_time >= SECONDS_BETWEEN_LINES:
            last_phase, last_time = progress.phase, now
            of = f": {progress.done_paths:,} of {progress.total_paths:,} paths" if progress.done_paths else ""
            say(f"{progress.phase}{of}")

    return show


@contextmanager
def _bar() -> Iterator[Callable[[Progress], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("paths"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console(sys.stderr), transient=True) as bars:
        task, phase = bars.add_task("starting", total=None), ""

        def show(progress: Progress) -> None:
            nonlocal phase
            if progress.phase != phase:  # each phase has its own rate, so its own clock
                phase = progress.phase
                bars.reset(task, description=phase)
            bars.update(task, completed=progress.done_paths, total=progress.total_paths)

        yield show
