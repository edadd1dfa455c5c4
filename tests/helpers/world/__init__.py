"""A simulated world for run directories: one process, a disk or a store that fails, and everything from one seed."""
