"""The simulation kernels: pure functions of arrays, JAX only; the path axis is last."""
