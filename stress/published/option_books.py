"""Rare losses of books of options by importance sampling: Glasserman, Heidelberger and Shahabuddin (2000, 2002)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.stats import norm

from stress.kernels.published.quadratic_twist import Quadratic, best_twist, draw, strata_edges, tail
from stress.published.convolution import loss_tail
from stress.published.model import Case, Counts, Expected, Floats, Input, Model, Numbers, Output, Values

if TYPE_CHECKING:
    from jax import Array

BATCH, BATCH_OF_A_GRID = 2_000, 50  # draws that are made at once
WITHIN = 0.0003  # of the published probabilities, which are simulated: their error is not stated


class Greeks(NamedTuple):
    """Of a call and a put at the money, in money a unit of the asset, its square, and a year."""

    delta: tuple[Array, Array]
    gamma: tuple[Array, Array]
    theta: tuple[Array, Array]


def values(spot: Array, strike: Array, vol: Array, rate: Array, years: Array) -> tuple[Array, Array]:
    """A call and a put after Black and Scholes (1973)."""
    spot = jnp.maximum(spot, 1e-9 * strike)
    root = vol * jnp.sqrt(years)
    d = (jnp.log(spot / strike) + (rate + 0.5 * vol**2) * years) / root
    owed = strike * jnp.exp(-rate * years)
    call = spot * norm.cdf(d) - owed * norm.cdf(d - root)
    return call, call - spot + owed


def greeks(spot: Array, vol: Array, rate: Array, years: Array) -> Greeks:
    """Sensitivities of a call and a put at the money after Black and Scholes (1973)."""
    root = vol * jnp.sqrt(years)
    d = (rate + 0.5 * vol**2) * years / root
    gamma = norm.pdf(d) / (spot * root)
    decay, interest = -spot * norm.pdf(d) * vol / (2.0 * jnp.sqrt(years)), rate * spot * jnp.exp(-rate * years)
    theta = (decay - interest * norm.cdf(d - root), decay + interest * norm.cdf(root - d))
    return Greeks((norm.cdf(d), norm.cdf(d) - 1.0), (gamma, gamma), theta)


def evaluate(numbers: Numbers, counts: Counts, detail: bool) -> dict[str, Array]:
    """The probability of a loss beyond the threshold, by full revaluation of every draw.

    Assets are independent (Student-t: uncorrelated, with one chi-square), their moves `spot vol sqrt(horizon) X`; the
    options are revalued with what is left of their lives. Delta, gamma and theta only guide the twist.

    Args:
        numbers: (path,) settings and (asset, 1) options sold, see `INPUTS`.
        counts: `draws`, `strata`, `dof`, `seed`.
        detail: also with strata of the quadratic.

    Returns:
        Outputs by name, see `OUTPUTS`; the path axis last.
    """
    spot, vol, rate = numbers["spot"], numbers["vol"], numbers["rate"]
    years, horizon, threshold = numbers["maturity"], numbers["horizon"], numbers["threshold"]
    dof, sold = counts["dof"], greeks(spot, vol, rate, years)
    calls = jnp.broadcast_to(numbers["calls"], numbers["calls"].shape[:1] + spot.shape)
    hedge = calls * sold.delta[0] / -sold.delta[1]
    puts = jnp.where(numbers["hedged"] > 0, hedge, jnp.broadcast_to(numbers["puts"], calls.shape))
    move = spot * vol * jnp.sqrt(horizon)

    def of_book(greek: tuple[Array, Array]) -> Array:
        return calls * greek[0] + puts * greek[1]

    quadratic = Quadratic(
        excess=jnp.sum(of_book(sold.theta), axis=0) * horizon - threshold,
        linear=of_book(sold.delta) * move,
        curvature=0.5 * of_book(sold.gamma) * move**2,
    )
    twist = best_twist(quadratic, dof)
    before = values(spot, spot, vol, rate, years)

    def loss(moves: Array) -> Array:
        after = values(spot + move * moves, spot, vol, rate, years - horizon)
        return jnp.sum(calls * (after[0] - before[0]) + puts * (after[1] - before[1]), axis=1)

    strata = counts["strata"] if detail else 1
    edges = strata_edges(quadratic, twist, dof, strata) if detail else jnp.zeros((0, *spot.shape))
    batch = BATCH if detail else BATCH_OF_A_GRID

    def one_batch(sums: tuple[Array, ...], key: Array) -> tuple[tuple[Array, ...], None]:
        drawn = draw(quadratic, twist, dof, key, batch)
        hit = jnp.where(loss(drawn.moves) > threshold, drawn.weight, 0.0)
        near = jnp.where(drawn.score > 0, drawn.weight, 0.0)
        stratum = jnp.sum(drawn.score[None] > edges[:, None], axis=0)
        of = (stratum[None] == jnp.arange(strata)[:, None, None]).astype(hit.dtype)
        seen = (of.sum(1), (of * hit).sum(1), (of * hit**2).sum(1), near.sum(0), (near**2).sum(0))
        return tuple(a + b for a, b in zip(sums, seen, strict=True)), None

    batches = -(-counts["draws"] // batch)
    start = tuple(jnp.zeros((*rows, *spot.shape)) for rows in ((strata,), (strata,), (strata,), (), ()))
    keys = jax.random.split(jax.random.key(counts["seed"]), batches)
    (number, first, second, near, near_squared), _ = lax.scan(one_batch, start, keys)
    total = float(batches * batch)
    probability, variance = first.sum(0) / total, second.sum(0) / total - (first.sum(0) / total) ** 2
    quadratic_sampled = near / total
    outputs = {
        "probability": probability,
        "probability_se": jnp.sqrt(variance / total),
        "variance_ratio": probability * (1.0 - probability) / variance,
        "quadratic_probability": tail(quadratic, twist, dof),
        "quadratic_sampled": quadratic_sampled,
        "quadratic_sampled_se": jnp.sqrt((near_squared / total - quadratic_sampled**2) / total),
        "twist": twist,
    }
    if not detail:
        return outputs
    mean = first / number
    within = jnp.sum((second / number - mean**2) / number, axis=0) / strata**2
    stratified = jnp.sum(mean, axis=0) / strata
    return outputs | {
        "stratified_probability": stratified,
        "stratified_se": jnp.sqrt(within),
        "stratified_variance_ratio": stratified * (1.0 - stratified) / (within * total),
    }


def formula(given: Values) -> dict[str, Floats]:
    """The same probabilities without random numbers: the losses of the assets convolved by Fourier transforms."""
    found, quadratic = loss_tail(given), loss_tail(given, quadratic=True)
    return {
        "probability": found,
        "stratified_probability": found,
        "quadratic_probability": quadratic,
        "quadratic_sampled": quadratic,
    }


def faults(given: Values) -> list[tuple[str, object, str, str]]:
    """A horizon beyond the options' lives, degrees of freedom without a variance, nothing sold."""
    found: list[tuple[str, object, str, str]] = []
    maturity, dof = float(given["maturity"]), int(given["dof"])
    if float(given["horizon"]) >= maturity:
        found.append(
            ("horizon", float(given["horizon"]), "is not within the options' lives", f"less than {maturity:g}")
        )
    if dof in (1, 2):
        found.append(("dof", dof, "has no variance", "0 (normal) or more than 2"))
    if not given["calls"].any() and (given["hedged"] > 0 or not given["puts"].any()):
        found.append(("calls", 0.0, "no option is sold", "some calls or puts"))
    return found


INPUTS = (
    Input("calls", "calls sold on each asset", (10.0,) * 10, ("asset",), least=0),
    Input("puts", "puts sold on each asset", (5.0,) * 10, ("asset",), least=0),
    Input("hedged", "1: as many puts as make delta nil, in the place of `puts`", 0.0, least=0, most=1),
    Input("threshold", "loss, money", 184.9, above=0),
    Input("maturity", "life of the options, years", 0.5, above=0),
    Input("horizon", "years ahead", 0.04, above=0),
    Input("spot", "price of an asset, and the strike", 100.0, above=0),
    Input("vol", "annual volatility", 0.3, above=0),
    Input("rate", "interest rate", 0.05),
    Input("dof", "degrees of freedom of Student-t, 0 = normal", 0, count=True, least=0, most=100),
    Input("draws", "draws", 400_000, count=True, least=1_000, most=100_000_000),
    Input("strata", "equally likely strata of the quadratic", 40, count=True, least=1, most=200),
    Input("seed", "of the draws", 1, count=True, least=0, most=2**31 - 1),
)
OUTPUTS = (
    Output("probability", "of a loss beyond the threshold, by importance sampling"),
    Output("probability_se", "its standard error"),
    Output("variance_ratio", "variance of plain sampling over that of this"),
    Output("stratified_probability", "the same, with strata of the quadratic besides"),
    Output("stratified_se", "its standard error"),
    Output("stratified_variance_ratio", "variance of plain sampling over that of this"),
    Output("quadratic_probability", "of the quadratic beyond the threshold, from its characteristic function"),
    Output("quadratic_sampled", "the same, from the draws"),
    Output("quadratic_sampled_se", "its standard error"),
    Output("twist", "how far the density is twisted, one over money"),
)


def _case(probability: str, ratio: str, stratified: str, **inputs: float) -> Case:
    """What is published: probabilities are simulated, and ratios are estimates with an error of their own."""
    expected = [Expected("probability", probability, within=WITHIN)]
    if ratio:
        expected.append(Expected("variance_ratio", ratio, within=0.1 * float(ratio)))
        expected.append(Expected("stratified_variance_ratio", stratified, within=0.1 * float(stratified)))
    return Case(tuple(expected), inputs)


CASES = (
    _case("0.0100", "30", "285"),  # 270 to 300 in the paper
    _case("0.0110", "22", "70", maturity=0.1, threshold=196.5),
    _case("0.0113", "17", "31", maturity=0.1, threshold=206.6, hedged=1.0),
    _case("0.0102", "", "", threshold=311.0, dof=5.0),
)

MODEL = Model(
    name="option-books",
    title="Rare losses of books of options: exponential twisting of delta, gamma and theta, strata",
    source="Glasserman, Heidelberger and Shahabuddin 2000, 2002",
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=evaluate,
    cases=CASES,
    formula=formula,
    formula_within=3e-6,
    errors={
        "probability": "probability_se",
        "stratified_probability": "stratified_se",
        "quadratic_sampled": "quadratic_sampled_se",
    },
    faults=faults,
)
