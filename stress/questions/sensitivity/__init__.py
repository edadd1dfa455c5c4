"""Which of the numbers of a scenario matter: elasticities, tornado, total interval, screening, indices."""
