"""What a hike makes of a rate on longs, by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from stress.compile.params import params_of
from stress.compile.structure import structure_of
from stress.kernels.margin.requirement import requirement, terms_of_step
from tiny import single


@pytest.mark.parametrize(("rate", "of_gross"), [(0.6, 0.9), (0.8, 1.0)])
def test_a_hiked_rate_on_longs_counts_up_to_1(rate: float, of_gross: float) -> None:
    hike = {"hike_level": 1.5, "hike_size": 0.5, "rates": np.array([[rate]])}
    problem = single(funds=hike)
    structure, params = structure_of(problem), params_of(problem, 1, "float64")
    with jax.enable_x64(True):
        one = jnp.ones((1, 1))
        terms = terms_of_step(structure, params.margin, 4.0 * one, jnp.int32(1))  # volatility is twice the start's
        assert params.margin is not None
        assert terms is not None
        gross = jnp.asarray(params.books.gross)
        found = requirement(structure, params.books, params.margin, terms, one, gross, one[:0])
        np.testing.assert_allclose(found.by_member, of_gross * gross)
