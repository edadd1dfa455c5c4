"""What is asked of runs: comparisons, limits, replays."""
