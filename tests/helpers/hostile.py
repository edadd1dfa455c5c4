"""What tests of hostile input share: a limit on the time they take, and what every refusal has to say."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from stress.scenarios.errors import ScenarioError

SECONDS = 5.0  # of processor time


class TooSlow(BaseException):
    """Not an Exception: no handler in between may take it for its own."""


@contextmanager
def watched(seconds: float = SECONDS) -> Iterator[None]:
    """Raise `TooSlow` after so much processor time, or ten times as much time of the clock."""

    def end(*_: object) -> None:
        raise TooSlow

    before = [signal.signal(number, end) for number in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)


def check_message(error: ScenarioError) -> None:
    """It names file, key and what is allowed, is of a size to be read, and has nothing for the terminal to obey."""
    text = str(error)
    assert error.file
    assert error.allowed
    assert error.problem
    assert len(text) < 12_000
    assert all(char.isprintable() or char == "\n" for char in text)
    assert error.key or error.value or "TOML" in error.allowed or "UTF-8" in error.allowed or "MiB" in error.allowed, (
        text
    )
