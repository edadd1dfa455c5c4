"""JAX is set up as the program does it, before any test module imports it; two CPU devices on any machine."""

from stress._jax import set_up

set_up("cpu", 2)
