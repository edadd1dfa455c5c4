"""JAX is set up as the program does it, before any test module imports it; two CPU devices on any machine."""

import gc
import os
import signal
from collections.abc import Generator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from typer import testing

from compilation import BITS, in_haste, more_haste
from stress.engine.devices import set_up

os.environ.update(in_haste(os.environ))
os.environ.pop("COLUMNS", None)  # set in the processes that share out the tests: tables would be as narrow as theirs
set_up("cpu", 2)
gc.set_threshold(100_000, 20, 100)  # tracing makes objects that stay: looking for garbage was a tenth of all time
# Every `invoke` would build all commands anew from their signatures, which takes longer than many of them run.
testing._get_command = cache(testing._get_command)  # type: ignore[attr-defined]
settings.register_profile("any machine", deadline=None)  # the first example of a shape compiles
settings.load_profile("any machine")
# A shell's background job ignores Ctrl-C, and so would whatever the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Around the fixtures of a test, too: a file's programs are all compiled in one way."""
    if item.path.relative_to(Path(__file__).parent).as_posix().startswith(BITS):
        return (yield)
    with more_haste():
        return (yield)
