"""JAX is set up as the program does it, before any test module imports it; two CPU devices on any machine."""

import os

from stress._jax import set_up

os.environ.pop("COLUMNS", None)  # set in the processes that share out the tests: tables would be as narrow as theirs
set_up("cpu", 2)
