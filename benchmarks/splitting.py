"""Defaults by multilevel splitting at the boundaries of steps: how much fewer paths a rare default takes. A table.

    python benchmarks/splitting.py ai-unwind-2026 asia_ls --set funds.asia_ls.gross=1.7 --particles 4096 --runs 50

Some funds fail because they cannot cure a call in time, at losses that are not extreme; no shift of the draws makes
that frequent. Here paths are particles (Del Moral and Garnier 2005, "Genealogical particle analysis of rare events"):
after each step they are drawn again, with replacement, in proportion to `exp(a (V now - V before))`, where `V` says how
near the fund is to its default,

    V = steps x (steps in a row at the limit of what it may sell) + deficit x (its deficit) + loss x (its loss),

bounded, and the estimate is the mean of `1{default} exp(-a V)` times the mean weights of all steps, without bias. A
particle has another path id in each step, so that copies go on by draws of their own. A gain is the variance of as many
plain paths over that of this, for particles that cost a full path each and a few per cent for being drawn again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import stress
from stress.api import build_problem
from stress.engine.sizes import devices_for
from stress.options import RunOptions

IDS_OF_A_RUN = 64  # high words of path ids, more than a scenario has steps


class Nearness(NamedTuple):
    """Weights of `V`, and what it is bounded by."""

    steps: float
    deficit: float
    loss: float
    most: float


class Estimate(NamedTuple):
    """Of one run of particles: the probability, and how many of them ended in default."""

    probability: float
    defaults: int


def particles(problem: Any, fund: str, count: int, near: Nearness) -> Callable[[int, float], Estimate]:
    """A function of a seed and of `a` (0: plain paths) that estimates the probability of a default of a fund."""
    import jax
    import jax.numpy as jnp

    from stress.compile.params import params_of
    from stress.compile.structure import structure_of
    from stress.kernels.path import start
    from stress.kernels.shocks.draw import draw, shock_keys, shock_room
    from stress.kernels.step import advance

    structure = structure_of(problem)
    params = jax.tree.map(jnp.asarray, params_of(problem, 1, "float32"))
    kinds = problem.funds.types
    members = jnp.array([i for i, kind in enumerate(problem.funds.type_of) if kinds[kind] == fund])
    low = jnp.arange(count, dtype=jnp.uint32)

    def nearness(state: Any) -> Any:
        loss, own = 1.0 - state.equity[members], state.triggers["close_out"]
        value = near.loss * jnp.minimum(loss, 0.3)
        if own.steps.shape[0]:  # else nothing limits what may be sold
            value += near.steps * jnp.minimum(own.steps[members], 3) + near.deficit * own.deficit[members]
        return jnp.where(state.defaulted[members], near.most, jnp.minimum(value, near.most)).max(axis=0)

    @jax.jit
    def one_step(state: Any, high: Any, index: Any) -> tuple[Any, Any]:
        keys, room = shock_keys(structure, params.shocks), shock_room(structure, params.shocks, count)
        draw_of = partial(draw, structure, params.shocks, low, high, keys)
        room = draw_of(index - index % 2, room)[2]  # the numbers of a pair of steps are made with its first
        moves = draw_of(index, room)[0]
        state, _ = advance(structure, params, state, moves, params.shocks.script[index][:, None], index + 1)
        return state, nearness(state)

    @jax.jit
    def again(state: Any, now: Any, before: Any, a: Any, key: Any) -> tuple[Any, Any, Any]:
        grown = a * (now - before)
        largest = grown.max()
        weight = jnp.exp(grown - largest)
        evenly = (jnp.arange(count) + jax.random.uniform(key)) / count  # systematic
        chosen = jnp.minimum(jnp.searchsorted(jnp.cumsum(weight) / weight.sum(), evenly), count - 1)
        state = jax.tree.map(lambda x: x[..., chosen] if x.ndim and x.shape[-1] == count else x, state)
        return state, now[chosen], jnp.log(weight.mean()) + largest

    def estimate(seed: int, a: float) -> Estimate:
        state, before, total = start(structure, params, count), jnp.zeros(count), 0.0
        for index in range(structure.steps):
            high = jnp.full(count, seed * IDS_OF_A_RUN + (index if a > 0 else 0), jnp.uint32)
            state, now = one_step(state, high, jnp.int32(index))
            if a > 0 and index < structure.steps - 1:
                state, before, mean = again(state, now, before, a, jax.random.key(seed * IDS_OF_A_RUN + index))
                total += float(mean)
        in_default = np.asarray(state.defaulted[members].any(axis=0))
        weighted = in_default * np.exp(-a * np.asarray(before))
        return Estimate(float(weighted.mean() * np.exp(total)), int(in_default.sum()))

    return estimate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenario")
    parser.add_argument("fund")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--particles", type=int, default=4096)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--strength", type=float, nargs="+", default=[0.0, 8.0, 12.0], help="a; 0: plain paths")
    parser.add_argument("--near", type=float, nargs=4, default=[0.1, 3.0, 1.0, 0.55], help="steps deficit loss most")
    asked = parser.parse_args()
    problem = build_problem(stress.load_scenario(asked.scenario, asked.set))
    if problem.shocks.model not in ("gaussian", "student_t"):
        raise SystemExit(f"shocks.model = {problem.shocks.model!r}: particles have no memory; gaussian or student_t")
    devices_for(problem, RunOptions(paths=asked.particles))  # JAX with the settings of this project
    estimate = particles(problem, asked.fund, asked.particles, Nearness(*asked.near))
    print(
        "| a | probability | of one run, relative standard deviation | plain paths' | gain | defaults a run | CPU s |"
    )
    print("|---|---|---|---|---|---|---|")
    for strength in asked.strength:
        estimate(0, strength)  # compiles
        began = time.process_time()
        found = [estimate(seed, strength) for seed in range(1, asked.runs + 1)]
        seconds = (time.process_time() - began) / asked.runs
        values = np.array([one.probability for one in found])
        mean, variance = float(values.mean()), float(values.var(ddof=1))
        plain = mean * (1.0 - mean) / asked.particles
        own, theirs = (np.sqrt(v) / mean if mean else np.nan for v in (variance, plain))
        error = np.sqrt(variance / asked.runs)
        gain, defaults = plain / variance if variance else np.nan, np.mean([one.defaults for one in found])
        numbers = f"{own:.2f} | {theirs:.2f} | {gain:.1f} | {defaults:.1f} | {seconds:.2f}"
        print(f"| {strength:g} | {mean:.3g} ± {error:.1g} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
