"""One number per use of randomness, so that adding a mechanism changes no other draw."""

SHOCKS = 1  # the normals of the assets
COMMON = 2  # what all assets of a step have in common, such as the scale of a Student-t step
DAYS = 3  # what a day is like: calm or crisis, or which day of a history it repeats
JUMPS = 4  # how many jumps a step has, of all assets and of each
JUMP_SIZES = 5  # how large they are
FACTORS = 6  # the normals of factors
