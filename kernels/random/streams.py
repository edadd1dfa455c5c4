"""One number per use of randomness, so that adding a mechanism changes no other draw."""

SHOCKS = 1  # the normals of the assets
MIXING = 2  # the common scale of a Student-t step
