"""The user's funds inside a street: another scenario's funds and market around their own positions."""
