"""What files say of flow from outside the funds: one kind of buyer a file, with its table and its words."""
