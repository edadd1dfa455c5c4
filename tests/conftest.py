"""JAX is set up as the program does it, before any test module imports it; two CPU devices on any machine."""

import os
import signal

from hypothesis import settings

from compilation import in_haste
from stress.engine.devices import set_up

os.environ.update(in_haste(os.environ))
os.environ.pop("COLUMNS", None)  # set in the processes that share out the tests: tables would be as narrow as theirs
set_up("cpu", 2)
settings.register_profile("any machine", deadline=None)  # the first example of a shape compiles
settings.load_profile("any machine")
# A shell's background job ignores Ctrl-C, and so would whatever the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
