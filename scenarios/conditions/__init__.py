"""Moves of the draw that are fixed: from keys to rows, and what the law of the draw says of them."""
