"""Random numbers by counter: hash, normals, streams."""
