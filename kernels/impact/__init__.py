"""Price impact of the recent flow: one law a file."""
