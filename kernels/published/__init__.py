"""The kernels of the published models: balance sheets in rounds."""
