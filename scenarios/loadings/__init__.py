"""Assets that move with others: who with whom, and what is then their own."""
