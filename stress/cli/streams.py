"""Standard output and error that cannot steer a terminal, that are always open, and that end with the right code.

Whatever is printed passes here: characters that are not printable (ESC, BEL, bidirectional overrides, ...) are written
as escapes. A message that nobody can read stops nothing; output that cannot be written is remembered for the exit code.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Self, TextIO

from stress.results.terminal.cells import printable


def harmless(text: str) -> str:
    """A text of several lines for a terminal: what is neither printable nor a line end is written as an escape."""
    return text if text.isprintable() else "\n".join(map(printable, text.split("\n")))


class Unescaped:
    """The way around the escapes, for a console that has escaped its texts and adds colours of its own."""

    def __init__(self, stream: Output) -> None:
        self.stream, self.encoding = stream, stream.encoding
        self.isatty, self.fileno, self.flush = stream.isatty, stream.fileno, stream.flush

    def write(self, text: str) -> int:
        """Write as it is."""
        return self.stream.write_unescaped(text)


class OutputLost(OSError):
    """Standard output cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"the output cannot be written: {error.strerror}")


class Output(io.TextIOWrapper):
    """A standard stream; `failed` is what kept it from being written, after which all goes nowhere."""

    failed: OSError | None = None

    @classmethod
    def on(cls, stream: TextIO | None, number: int) -> Self:
        """In place of a stream of Python's; None: of that descriptor, which was closed when Python started."""
        stream = os.fdopen(number, "w", encoding="utf-8", closefd=False) if stream is None else stream
        by_line, through = (getattr(stream, name, False) for name in ("line_buffering", "write_through"))
        encoding = stream.encoding
        buffer = stream.detach()  # type: ignore[attr-defined]
        return cls(buffer, encoding, "backslashreplace", line_buffering=by_line, write_through=through)

    def write(self, text: str) -> int:
        """Write what cannot steer a terminal."""
        return self.write_unescaped(harmless(text))

    def write_unescaped(self, text: str) -> int:
        """Write as it is.

        Raises:
            BrokenPipeError: nobody reads any more.
            OutputLost: the disk is full, say.
        """
        try:
            return super().write(text)
        except OSError as error:
            self.lost(error)
            return len(text)

    def flush(self) -> None:
        """Pass on what was written; raises as `write_unescaped`."""
        try:
            super().flush()
        except OSError as error:
            self.lost(error)

    def lost(self, error: OSError) -> None:
        """Remember why, send the rest nowhere, so that Python can end in order, and raise it."""
        failed = error if isinstance(error, BrokenPipeError) else OutputLost(error)
        self._to_nowhere(failed)
        raise failed from error

    def _to_nowhere(self, error: OSError) -> None:
        self.failed = self.failed or error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


class Messages(Output):
    """Standard error: a run goes on where its messages cannot be written."""

    def lost(self, error: OSError) -> None:
        """Send the rest nowhere."""
        self._to_nowhere(error)


def standard_streams() -> Output:
    """Put both streams in the place of Python's, and open what is closed; returns standard output.

    A closed descriptor would be that of the next file opened, and messages would be written into it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    output = Output.on(sys.stdout, 1)
    sys.stdout, sys.stderr = output, Messages.on(sys.stderr, 2)
    return output
