"""The small problem of the tests with options in its books."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stress.scenarios.problem import Problem

MOVES = np.array([[-0.02, -0.1, -0.12, -0.06, -0.1], [0.02, 0.1, 0.15, 0.05, 0.12], [0.0, 0.1, -0.1, 0.0, -0.1]])


def with_options(problem: Problem) -> Problem:
    """Options in three of the five shapes of `tiny`: sold, bought, and of two assets beside no delta."""
    rng = np.random.default_rng(5)
    books, members = problem.books, len(problem.funds.ids)
    shapes, gamma = books.shapes.copy(), np.zeros_like(books.shapes)
    gamma[1], gamma[3], gamma[4] = -4.0 * np.abs(shapes[1]), 3.0 * shapes[3], rng.normal(0.0, 3.0, 5)
    gamma[4, 3] = 0.0
    shapes[3, :2] = 0.0
    on = np.array([False, True, True, True, True])
    funds = replace(
        problem.funds,
        portfolio=on,
        portfolio_moves=np.where(on[:, None, None], np.tile(MOVES, (members, 1, 1)), 0.0),
        portfolio_floor=np.where(on, 0.05, 0.0),
    )
    theta = -0.01 * gamma
    return replace(problem, funds=funds, books=replace(books, shapes=shapes, gamma=gamma, theta=theta))
