"""What the numbers of a scenario could also be: groups of judgement numbers, their ranges and laws."""
