"""What files say of price impact: one law a file, with its keys and what they come to."""
