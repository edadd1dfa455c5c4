"""What is on disk of a run, and whether it is what it says."""
