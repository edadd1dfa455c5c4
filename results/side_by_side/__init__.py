"""Three runs or more beside each other: scenarios as columns, each held against the first."""
