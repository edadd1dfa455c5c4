"""Numbers of each, one a file, under the name of its kernel."""
