"""From a resolved scenario to what kernels take: the static structure and every number as an array."""
