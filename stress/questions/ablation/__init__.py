"""What a scenario would be without one of its mechanisms, and without one after the other."""
