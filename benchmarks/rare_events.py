"""What `levstress rare` gains over plain paths, whether its intervals hold, and whether its check finds a bad tilt.

    python benchmarks/rare_events.py gain desk "es(system, 0.999)" --paths 65536 --seeds 20
    python benchmarks/rare_events.py gain desk "default(system)" --set shocks.model=student_t --set shocks.dof=4
    python benchmarks/rare_events.py power desk "es(system, 0.999)" --set shocks.model=student_t --set shocks.dof=4

`gain`: the variance of the estimates over seeds, times the CPU time of one with its pilots (programs compiled), against
that of as many plain paths, of which nothing but this figure is made. `power`: the components of a large step in 7 of
the steps are taken out of the tilt, and then the shift of every step, too.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
import xarray as xr
from scipy.stats import chi2

import stress
from stress.engine.weighted.method import Method
from stress.engine.weighted.mixture import Mixture
from stress.engine.weighted.paths import MethodSimulator, paths_of
from stress.engine.weighted.sampler import Sampler
from stress.kernels.shocks.tilt import SLOTS
from stress.options import RunOptions
from stress.questions.rare.asked import read_asked, row_of
from stress.questions.rare.choose import AUTO, METHODS, chosen
from stress.questions.rare.rare import answer, rare_problem
from stress.results.answers.rare.dataset import answered
from stress.results.answers.rare.estimates import Paths
from stress.results.answers.rare.question import Question
from stress.scenarios.problem import Problem


def gain(problem: Problem, asked: Question, paths: int, seeds: int, plain_seeds: int, method: str) -> None:
    """Print spread, error, coverage and CPU time of both, and what the one gains over the other."""
    rows = []
    for seed in range(seeds + 1):  # the first one compiles
        began = time.process_time()
        tree = rare_problem(problem, RunOptions(paths=paths, seed=seed), asked, None, wanted=method)
        spent = time.process_time() - began
        found = [float(tree["rare"][f"answer{x}"]) for x in ("", "_se", "_ci_low", "_ci_high")]
        rows.append([*found, spent, tree.attrs["method"] != "plain", tree.attrs["plain_check"] == "rejected"])
    of_method = np.array(rows[1:], float)
    of_plain = np.array([plain(problem, asked, paths, seed) for seed in range(plain_seeds + 1)][1:])
    for name, table in (("method", of_method), ("plain", of_plain)):
        value, low, high = table[:, 0], table[:, 2], table[:, 3]
        middle = of_method[:, 0].mean()
        held = np.mean((low <= middle) & (middle <= high))
        error = value.std(ddof=1) / len(value) ** 0.5
        print(f"{name:6} mean {value.mean():.6g} +- {error:.2g}, spread {value.std(ddof=1):.3g},")
        print(f"       error said {np.mean(table[:, 1] ** 2) ** 0.5:.3g}, {table[:, 4].mean():.3f} s of CPU;")
        print(f"       intervals that hold the mean by the method {held:.1%}")
    print(f"not plain {of_method[:, 5].mean():.0%}, rejected {of_method[:, 6].mean():.1%}")
    # What a plain run says of its own variance is known better than the spread of a few of them.
    of_plain_paths = np.mean(of_plain[:, 1] ** 2)
    of_its_paths = of_method[:, 0].var(ddof=1)
    fewer, slower = of_plain_paths / of_its_paths, of_method[:, 4].mean() / of_plain[:, 4].mean()
    # The spread of normal estimates: (seeds - 1) s^2 / sigma^2 has the chi-squared law of seeds - 1 degrees.
    least = fewer * chi2.ppf(0.05, seeds - 1) / (seeds - 1)
    print(f"variance {fewer:.3g} times, CPU time {slower:.3g} times")
    print(f"gain at equal CPU time {fewer / slower:.3g}, at least {least / slower:.3g} with 95 %", flush=True)


def plain(problem: Problem, asked: Question, paths: int, seed: int) -> list[float]:
    """Estimate, error, interval and CPU time of plain paths: of the simulation and this one figure alone."""
    began = time.process_time()
    sampler = Sampler(problem, RunOptions(paths=paths, seed=seed), row_of(asked, problem))
    drawn = sampler.simulate(None, np.arange(paths, dtype=np.uint64))
    nothing = np.zeros(paths, np.int32)
    found, _ = answered(asked, Paths(drawn.losses, np.ones(paths), drawn.defaulted, nothing))
    return [found.value, found.se, found.low, found.high, time.process_time() - began]


def power(problem: Problem, asked: Question, paths: int, seeds: int) -> None:
    """Print how often a tilt without most of its components is found out, and how often it need be."""
    rows: dict[bool, list[list[float]]] = {True: [], False: []}
    alarms = 0
    for seed in range(1, seeds + 1):
        options = RunOptions(paths=paths, seed=seed)
        method = chosen(problem, options, "tilt", asked)
        whole = by(problem, options, method)
        truth, alarms = float(whole["rare"]["answer"]), alarms + (whole.attrs["plain_check"] == "rejected")
        assert isinstance(method.numbers, Mixture)
        for every_step, found in rows.items():
            tree = by(problem, options, replace(method, numbers=without(method.numbers, 7, every_step)))
            low, high = (float(tree["rare"][f"answer_ci_{end}"]) for end in ("low", "high"))
            health = tree["weights"].to_dataset()
            found.append(
                [
                    tree.attrs["plain_check"] == "rejected",
                    low <= truth <= high,
                    float(tree["rare"]["answer"]) / truth,
                    float(health["plain_events"]),
                    float(health["plain_expected"]),
                    float(health["largest_share"]),
                    float(health["mean_weight"]),
                ]
            )
    print(f"the whole tilt: found out {alarms / seeds:.0%} of {seeds}")
    for every_step, table in rows.items():
        mean = np.array(table, float).mean(axis=0)
        print(
            f"without 7 steps, {'with' if every_step else 'nor'} a shift of every step: found out {mean[0]:.0%} of "
            f"{seeds}; intervals with the whole tilt's answer {mean[1]:.0%}, {mean[2]:.4f} times as large; plain "
            f"events {mean[3]:.1f}, expected {mean[4]:.1f}; largest share {mean[5]:.2g}, mean weight {mean[6]:.4f}",
            flush=True,
        )


def by(problem: Problem, options: RunOptions, method: Method) -> xr.DataTree:
    """The answer by a method that was fitted before."""
    return answer(problem, options, method, paths_of(MethodSimulator(problem, options, method)))


def without(mixture: Mixture, steps: int, every_step: bool) -> Mixture:
    """The mixture without the components of a large step in the last steps, whose paths the others get; or also without
    that of every step, whose paths go to the large steps that are left."""
    slots = mixture.slots.copy()
    large, kept = slots[2:].reshape(2, -1), mixture.steps - steps
    large[:, :kept] += large[:, kept:].sum(axis=1, keepdims=True) // kept
    large[:, kept:] = 0
    if not every_step:
        large[:, :kept] += slots[1] // large[:, :kept].size
        slots[1] = 0
    slots[1 if every_step else 2] += SLOTS - slots.sum()
    return replace(mixture, slots=slots)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("gain", "power"))
    parser.add_argument("scenario")
    parser.add_argument("question")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--method", choices=METHODS, default=AUTO)
    parser.add_argument("--paths", type=int, default=65_536)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--plain-seeds", type=int, default=10, help="plain runs that `gain` compares with")
    given = parser.parse_args()
    scenario = stress.load_scenario(given.scenario)
    for change in given.set:
        scenario = scenario.set(*change.split("=", 1))
    problem = stress.build_problem(scenario)
    ask = read_asked(given.question, problem)
    print(f"{given.scenario} {' '.join(given.set)} {ask.text}, {given.paths:,} paths, {given.seeds} seeds", flush=True)
    if given.what == "gain":
        gain(problem, ask, given.paths, given.seeds, given.plain_seeds, given.method)
    else:
        power(problem, ask, given.paths, given.seeds)


if __name__ == "__main__":
    main()
