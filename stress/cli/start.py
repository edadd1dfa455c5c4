"""What a process that runs one command does without, so that its first result comes soon."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stress.options import Progress

LEFT_OUT = ("dask", "pyarrow")  # xarray and pandas import them wherever they are installed: half a second
_early: list[bool] = []  # filled in the process of a command, before anything large is imported


def early() -> None:
    """This process is that of `levstress run` alone: look for no garbage until `begun`, as imports make none."""
    _early.append(True)
    gc.disable()


def leave_out_extras() -> None:
    """Have xarray and pandas believe that what this run has no use for is not installed, if they still are to ask."""
    if _early and "xarray" not in sys.modules:
        for name in LEFT_OUT:
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # how Python is told so


def begun(show: Callable[[Progress], None] | None) -> Callable[[Progress], None]:
    """`show`, that also notices when a run begins and all is imported: garbage is looked for from then on, but not
    among what is there already."""

    def seen(progress: Progress) -> None:
        if _early and not gc.isenabled():
            gc.freeze()
            gc.enable()
        if show is not None:
            show(progress)

    return seen
