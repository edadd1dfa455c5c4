"""Exponential twisting of a quadratic in normals or in multivariate Student-t.

Losses of a book of options are near a quadratic `Q = c + sum(b_i X_i + l_i X_i^2)` in its risk factors (delta, gamma,
theta). With `X_i = Z_i` normal, or `X_i = sqrt((n - 2)/Y) Z_i`, `Y` chi-square with `n` degrees of freedom, the event
`Q > x` is `R > 0` with

    R = Q - x                                          (normal)
    R = Y/(n - 2) (Q - x)                              (Student-t)

and `psi(t) = log E exp(t R)` has a closed form. Sampled with density `exp(t R - psi(t))` at the root of `psi'(t) = 0`,
the event is no longer rare, and `exp(psi(t) - t R)` is the weight: Glasserman, Heidelberger and Shahabuddin (2000),
"Variance reduction techniques for estimating value-at-risk"; for Student-t the same authors (2002), "Portfolio
value-at-risk with heavy-tailed risk factors". Here t is scaled to a variance of 1.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

HALVINGS = 60  # of an interval: to 1e-18 of it
LEAST = 0.05  # of a twist, standard deviations of the quadratic: its integrals need one that is not zero
NODES = 2048  # of the integrals over a characteristic function


class Quadratic(NamedTuple):
    """`c - x`, `b` and `l`."""

    excess: Array  # (path,) constant less the threshold
    linear: Array  # (asset, path)
    curvature: Array  # (asset, path)


class Twisted(NamedTuple):
    """Factors drawn under the twist, and what comes with them."""

    moves: Array  # (draw, asset, path) X
    score: Array  # (draw, path) R
    weight: Array  # (draw, path) density before the twist over that after it


def log_mgf(q: Quadratic, t: Array, dof: int) -> Array:
    """`psi(t)`, complex t allowed; t is (..., path).

    Args:
        q: the quadratic.
        t: where.
        dof: degrees of freedom, 0 = normal.
    """
    one = 1.0 - 2.0 * t[..., None, :] * q.curvature
    shape = -0.5 * jnp.sum(jnp.log(one), axis=-2)
    drift = t * q.excess + 0.5 * t**2 * jnp.sum(q.linear**2 / one, axis=-2)
    if dof == 0:
        return drift + shape
    return shape - 0.5 * dof * jnp.log(1.0 - 2.0 * drift / (dof - 2))


def best_twist(q: Quadratic, dof: int) -> Array:
    """The root of `psi'`, (path,), or a small twist where the event is not rare; some curvature is positive."""
    size = jnp.sqrt(jnp.sum(q.linear**2 + 2.0 * q.curvature**2, axis=0))
    high = 0.5 / jnp.max(q.curvature, axis=0)
    slope = jax.vmap(jax.grad(lambda t, *parts: log_mgf(_one(*parts), t[None], dof)[0]), (0, 0, 1, 1))

    def halve(_: int, both: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = both
        middle = 0.5 * (low + high)
        # Beyond where psi is finite its slope is no number.
        left = slope(middle, q.excess, q.linear, q.curvature) < 0
        return jnp.where(left, middle, low), jnp.where(left, high, middle)

    low, _ = lax.fori_loop(0, HALVINGS, halve, (jnp.zeros_like(high), high))
    return jnp.maximum(low, jnp.minimum(LEAST / size, 0.5 * high))


def _one(excess: Array, linear: Array, curvature: Array) -> Quadratic:
    return Quadratic(excess[None], linear[:, None], curvature[:, None])


def tail(q: Quadratic, t: Array, dof: int) -> Array:
    """`P(R > 0)` from the characteristic function, (path,), with no random number.

    The inversion integral along the line through the saddle point t > 0,
    `P(R > 0) = (1/pi) Re int_0^inf exp(psi(t + iu))/(t + iu) du` (Lugannani and Rice 1980), u = scale v/(1 - v).
    """
    u, du = _half_line(q, t, dof)
    z = t + 1j * u
    found: Array = jnp.sum(du * (jnp.exp(log_mgf(q, z, dof)) / z).real, axis=0) / jnp.pi
    return found


def strata_edges(q: Quadratic, t: Array, dof: int, strata: int) -> Array:
    """Edges of equally likely strata of R under the twist, (strata - 1, path).

    Its distribution function by Gil-Pelaez (1951), `P(R > r) = 1/2 + (1/pi) int_0^inf Im(e^(-iur) phi(u))/u du`.
    """
    u, du = _half_line(q, t, dof)
    characteristic = jnp.exp(log_mgf(q, t + 1j * u, dof) - log_mgf(q, t, dof))
    spread = 20.0 / _scale(q, t, dof)
    wanted = 1.0 - jnp.arange(1, strata)[:, None] / strata

    def above(r: Array) -> Array:
        def one(at: Array) -> Array:
            return 0.5 + jnp.sum(du / u * (jnp.exp(-1j * u * at) * characteristic).imag, axis=0) / jnp.pi

        found: Array = lax.map(one, r)
        return found

    def halve(_: int, both: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = both
        middle = 0.5 * (low + high)
        further = above(middle) > wanted
        return jnp.where(further, middle, low), jnp.where(further, high, middle)

    low = jnp.broadcast_to(-spread, wanted.shape[:1] + spread.shape)
    edges: Array = lax.fori_loop(0, HALVINGS, halve, (low, -low))[0]
    return edges


def _scale(q: Quadratic, t: Array, dof: int) -> Array:
    """One over the standard deviation of R under the twist, (path,)."""
    h = 1e-3 * t
    second = (log_mgf(q, t + h, dof) - 2.0 * log_mgf(q, t, dof) + log_mgf(q, t - h, dof)) / h**2
    return 1.0 / jnp.sqrt(second)


def _half_line(q: Quadratic, t: Array, dof: int) -> tuple[Array, Array]:
    """Nodes and weights of integrals over u from 0 to infinity, (node, path)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    v = jnp.asarray(0.5 * (nodes + 1.0))[:, None]
    scale = 4.0 * _scale(q, t, dof)
    return scale * v / (1.0 - v), scale * jnp.asarray(0.5 * weights)[:, None] / (1.0 - v) ** 2


def draw(q: Quadratic, t: Array, dof: int, key: Array, draws: int) -> Twisted:
    """Factors under the twist.

    Given `Y`, `Z_i` has mean `t b_i g/(1 - 2 t l_i)` and variance `1/(1 - 2 t l_i)`, with `g = sqrt(Y/(n - 2))` (1 for
    normals), and `Y` is a chi-square over `1 - 2 a/(n - 2)`, `a = t (c - x) + t^2 sum(b_i^2/(1 - 2 t l_i))/2`.
    """
    assets, paths = q.linear.shape
    one = 1.0 - 2.0 * t * q.curvature
    normals, squares = jax.random.split(key)
    if dof == 0:
        g = jnp.ones((draws, 1, paths))
    else:
        a = t * q.excess + 0.5 * t**2 * jnp.sum(q.linear**2 / one, axis=0)
        chi = jnp.sum(jax.random.normal(squares, (draws, dof, paths)) ** 2, axis=1, keepdims=True)
        g = jnp.sqrt(chi / (1.0 - 2.0 * a / (dof - 2)) / (dof - 2))
    z = t * q.linear * g / one + jax.random.normal(normals, (draws, assets, paths)) / jnp.sqrt(one)
    moves = z / g
    score = g[:, 0] ** 2 * (q.excess + jnp.sum((q.linear + q.curvature * moves) * moves, axis=1))
    return Twisted(moves, score, jnp.exp(log_mgf(q, t, dof) - t * score))
