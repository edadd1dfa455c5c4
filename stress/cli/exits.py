"""Exit codes: the one place that says which exception ends a command with which code.

Exceptions are named by module and class rather than imported, so that asking for help loads none of those modules; a
class can only have been raised once its module is loaded.
"""

from __future__ import annotations

import errno
import functools
import os
import traceback
from collections.abc import Callable
from typing import ParamSpec

import typer

from stress.cli.console import say

P = ParamSpec("P")

DONE = 0
BUG = 1
USAGE = 2
INVALID = 3
NO_DEVICE = 4
NO_RESOURCES = 5
BREACHED = 6
BROKEN_INVARIANT = 7
NOT_REACHED = 8
MISMATCH = 9
INTERRUPTED = 130
TERMINATED = 143
PIPE_CLOSED = 141  # what the shell reports for a program that SIGPIPE has ended

CODES = {
    "stress.scenarios.errors.ScenarioError": INVALID,
    "stress.results.files.store.UnfinishedRun": INVALID,
    "stress.results.files.store.RunExists": USAGE,
    "stress.run_directory.spec.OtherRun": INVALID,
    "stress.run_directory.claims.InUse": INVALID,
    "stress.run_directory.location.EmptyName": USAGE,
    "stress.run_directory.writing.CannotWrite": USAGE,
    "stress.errors.DeviceNotFound": NO_DEVICE,
    "stress.errors.NotEnoughResources": NO_RESOURCES,
    "stress.errors.WrongExtension": INVALID,
    "stress.errors.MissingExtra": USAGE,
    "stress.errors.InvariantFailed": BROKEN_INVARIANT,
    "stress.cli.exits.Terminated": TERMINATED,
    "stress.cli.streams.OutputLost": NO_RESOURCES,
    "builtins.MemoryError": NO_RESOURCES,
    "builtins.FileExistsError": USAGE,
    "builtins.PermissionError": USAGE,
    "builtins.NotADirectoryError": USAGE,
    "builtins.KeyboardInterrupt": INTERRUPTED,
}
DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
PASSED_ON = (typer.Exit, typer.Abort, typer.BadParameter)
READER_GONE = (BrokenPipeError, SystemExit)  # rich turns the first into the second

JAX_NOTE = "JAX_TRACEBACK_FILTERING"  # in what JAX adds to whatever is raised while it traces

REPORT = """\
This is a bug in levstress. Please report it to the maintainers together with the command line, the scenario file and
what `levstress doctor --json` prints. LEVSTRESS_DEBUG=1 in the environment shows the traceback."""
AGAIN = "interrupted: no result was written; the same command with the same seed gives the same numbers"


class Terminated(BaseException):
    """The process was asked to end (SIGTERM)."""


def exit_code(error: BaseException) -> int:
    """Exit code of the contract for an exception; what is not named is a bug."""
    for cls in type(error).__mro__:
        code = CODES.get(f"{cls.__module__}.{cls.__qualname__}")
        if code is not None:
            return code
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return NO_RESOURCES
    if isinstance(error, RuntimeError) and str(error).startswith("RESOURCE_EXHAUSTED"):  # JAX: out of device memory
        return NO_RESOURCES
    return BUG


def explain(error: BaseException, code: int) -> str:
    """What the user reads on stderr when a command ends with `code` because of `error`."""
    notes = [note for note in getattr(error, "__notes__", []) if JAX_NOTE not in note]
    if code in (INTERRUPTED, TERMINATED):
        return "\n".join(["interrupted", *notes]) if notes else AGAIN
    if code == BUG:
        return "\n".join([f"{type(error).__name__}: {error}", REPORT, *notes])
    text = "\n".join([str(error) or type(error).__name__, *notes])
    if type(error).__name__ == "RunExists" and "nothing is left" not in text:
        text += "\nhint: --overwrite replaces it, --out DIR writes elsewhere"
    return text


def output_lost(error: OSError) -> int:
    """Exit code where standard output could not be written; says why, unless its reader has left."""
    if isinstance(error, BrokenPipeError):
        return PIPE_CLOSED
    say(f"levstress: {error}")
    return NO_RESOURCES


def ends_with_exit_code(command: Callable[P, None]) -> Callable[P, None]:
    """Turn whatever a command raises into a message on stderr and an exit code."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except PASSED_ON:
            raise
        except READER_GONE as error:  # `levstress check ... | head`: nobody reads on, which is no failure to report
            raise typer.Exit(PIPE_CLOSED) from error
        except BaseException as error:
            if os.environ.get("LEVSTRESS_DEBUG") == "1":
                traceback.print_exc()
            code = exit_code(error)
            say(f"levstress: {explain(error, code)}")
            raise typer.Exit(code) from error

    return guarded
