"""One number per use of randomness, so that adding a mechanism changes no other draw."""

SHOCKS = 1  # the normals of the assets
COMMON = 2  # what all assets of a step have in common, such as the scale of a Student-t step
