"""The most plausible shock that does it: least norm in the normals that the engine draws, through the whole cascade."""
