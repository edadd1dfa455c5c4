"""Flow from outside the funds: one kind of buyer a file."""
