"""Reading scenario files: text, units, data files, overrides, and what is said of faults."""
