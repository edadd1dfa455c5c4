"""What makes a fund sell: each trigger in its own file, each a pure function from a state to the fraction to sell."""
