"""Scenario files: schema, units, loading, and the resolved `Problem`. No JAX here."""
