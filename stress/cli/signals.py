"""SIGTERM and Ctrl-C end a command, wherever they meet it.

Both raise an exception, and Python drops one that is raised within a callback of the garbage collector (JAX has one) or
in `__del__`: it is raised once more a moment later.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

from stress.cli.exits import Terminated

MOMENT = 0.05  # seconds


def listen() -> None:
    """Raise `Terminated` on SIGTERM, and drop neither that nor a KeyboardInterrupt; of use in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        return
    dropped: list[type[BaseException]] = []
    as_before = sys.unraisablehook

    def raise_again(number: int, frame: FrameType | None) -> None:
        raise dropped[-1]

    def seen(ignored: sys.UnraisableHookArgs) -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt | Terminated):
            dropped.append(ignored.exc_type)
            signal.setitimer(signal.ITIMER_REAL, MOMENT)
        else:
            as_before(ignored)

    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGALRM, raise_again)
    sys.unraisablehook = seen


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
