"""An episode of the library on the assets of another scenario: its moves, and which name follows what."""
