"""Numbers of each shock model, one a file, under the name of its kernel."""
