"""A user's own book: from files of positions and prices to a scenario that runs."""
