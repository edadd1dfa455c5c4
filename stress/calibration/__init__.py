"""What the shock models are to be, from the user's own daily returns; needs the extra `[calibrate]`."""
