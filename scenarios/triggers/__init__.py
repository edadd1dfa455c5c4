"""What files say of triggers: one trigger a file, with its keys, what they come to, and its words."""
