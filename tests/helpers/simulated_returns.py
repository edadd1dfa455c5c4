"""Returns of laws that are known, for what is fitted to them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stress.calibration.history import History

Floats = npt.NDArray[np.float64]
GARCH = {"alpha": 0.04, "gamma": 0.08, "beta": 0.88, "dof": 7.0}


def simulated_garch(days: int, names: int, seed: int) -> Floats:
    """GJR-GARCH-t returns (day, name), each name by itself, of 1 % a day in the long run; written out plainly."""
    random = np.random.default_rng(seed)
    alpha, gamma, beta, dof = GARCH.values()
    long_run = 1e-4
    omega = long_run * (1 - alpha - gamma / 2 - beta)
    variance, found = np.full(names, long_run), np.empty((days + 200, names))
    for day in range(days + 200):
        move = np.sqrt(variance * (dof - 2) / dof) * random.standard_t(dof, names)
        found[day] = move
        variance = omega + (alpha + gamma * (move < 0)) * move**2 + beta * variance
    return found[200:]


def simulated_t(days: int, names: int, dof: float, correlation: float, seed: int) -> Floats:
    """Multivariate Student-t (day, name) of variance 1e-4, one chi-square a day."""
    random = np.random.default_rng(seed)
    matrix = np.full((names, names), correlation) + (1 - correlation) * np.eye(names)
    normal = random.standard_normal((days, names)) @ np.linalg.cholesky(matrix).T
    return np.asarray(0.01 * normal * np.sqrt((dof - 2) / random.chisquare(dof, days))[:, None], np.float64)


def simulated_regimes(days: int, names: int, seed: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Calm days of 0.8 %, crisis days of 2.4 % (stay 0.98, 0.94), correlations 0.2, 0.7; and which days were crisis."""
    random = np.random.default_rng(seed)
    state, states = False, np.empty(days, bool)
    for day in range(days):
        state = random.random() < (0.94 if state else 0.02)
        states[day] = state
    roots = [np.linalg.cholesky(np.full((names, names), rho) + (1 - rho) * np.eye(names)) for rho in (0.2, 0.7)]
    normal = random.standard_normal((days, names))
    moves = [size * normal @ root.T for size, root in zip((0.008, 0.024), roots, strict=True)]
    return np.where(states[:, None], moves[1], moves[0]), states


def history(returns: Floats, names: tuple[str, ...] = ()) -> History:
    """As if it had been read from a file."""
    days = np.datetime64("2000-01-03") + np.arange(len(returns))
    names = names or tuple(f"name {n}" for n in range(returns.shape[1]))
    return History(returns, names, tuple(map(str, days)), "simulated.csv", "0" * 64, "log-returns")
