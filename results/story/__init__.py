"""One path in full: its labelled dataset, and how it is told."""
