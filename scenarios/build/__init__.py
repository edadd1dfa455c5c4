"""From the file's tables to the parts of the `Problem`."""
