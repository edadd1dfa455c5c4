"""How often the nominal 95 % intervals hold the truth: the estimators on synthetic samples, and the engine.

    python benchmarks/coverage.py                                  # estimators, 5,000 samples a row
    python benchmarks/coverage.py --engine desk --runs 200         # runs of 2,000 paths against one of 2e6
    python benchmarks/coverage.py --engine desk --other KEY=VALUE  # differences between two scenarios, seed by seed

Estimators: VaR, ES, and of a loss beside its twin's the ratio and difference of ES, the mean of a part of the loss over
the worst paths, and its contribution; on normal and Student-t(4) draws. "width" is the median width of the interval
over 2 x 1.96 standard deviations of the estimate. Engine: every figure of the summary, of the attribution and of the
contributions that has an error, whose interval is +-1.96 of it where it has no other.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

import stress
from stress.results.dataset.compared import BY_FUND, BY_LEVEL, compared
from stress.results.dataset.detail import conditional_mean
from stress.results.statistics import estimators
from stress.results.statistics.contributions import euler
from stress.results.statistics.estimate import Estimate
from stress.results.statistics.histogram import FloatHistogram
from stress.results.statistics.simulation_output import Distribution, Tail

Floats = npt.NDArray[np.float64]
LAWS = ("normal", "t(4)")
LEVELS = ("0.95", "0.99", "0.999")
GROUPS = ("summary", "attribution", "contributions")
SCALE = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--tails", type=int, nargs="+", default=[10, 20, 30, 100, 300])
    parser.add_argument("--engine", metavar="SCENARIO")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--other", action="append", default=[], metavar="KEY=VALUE", help="what the second one changes")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--paths", type=float, default=2_000)
    parser.add_argument("--reference", type=float, default=2e6)
    parser.add_argument("--first-seed", type=int, default=1_000)
    arguments = parser.parse_args()
    if arguments.engine:
        (differences if arguments.other else engine)(arguments)
        return
    print(f"{'law':7} {'level':>6} {'tail paths':>10}  {'figure':14} {'covered %':>9} {'above %':>8} {'width':>6}")
    for law in LAWS:
        for level in LEVELS:
            for paths in arguments.tails:
                for figure, found in by_figure(law, level, paths, arguments.samples):
                    print(f"{law:7} {level:>6} {paths:10}  {figure:14} {found[0]:9.1f} {found[1]:8.1f} {found[2]:6.2f}")


def by_figure(law: str, level: str, tail_paths: int, samples: int) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Coverage of each figure, its misses above the interval, both in %, and the width."""
    rng = np.random.default_rng(tail_paths)
    n = round(tail_paths / (1 - float(level)))
    truth = {"VaR": quantile(law, level), "ES": shortfall(law, level)}
    found = [of_top(top(rng, law, n, tail_paths), n, level) for _ in range(samples)]
    for figure, true in truth.items():
        yield figure, covered([one[figure] for one in found], true)
    if n > 10_000:  # the others need whole samples
        return
    true_pairs = true_of_pairs(law, level)
    pairs = [of_pairs(*draw(rng, law, n), level) for _ in range(samples)]
    for figure, true in true_pairs.items():
        yield figure, covered([one[figure] for one in pairs], true)


def covered(found: list[Estimate], true: float) -> tuple[float, float, float]:
    """Share of intervals that hold the truth, share that lie below it, both in %; median width over the true one."""
    value, low, high = np.array([(one.value, one.low, one.high) for one in found]).T
    width = float(np.median(high - low) / (2 * 1.96 * value.std()))
    return 100 * float(((low <= true) & (true <= high)).mean()), 100 * float((high < true).mean()), width


def law_of(law: str) -> Any:
    from scipy import stats

    return stats.norm(scale=SCALE) if law == "normal" else stats.t(4, scale=SCALE)


def quantile(law: str, level: str) -> float:
    return float(law_of(law).ppf(float(level)))


def shortfall(law: str, level: str) -> float:
    from scipy.integrate import quad

    inside = quad(law_of(law).isf, 0, 1 - float(level))  # E[L | L > q] = mean of the quantiles beyond q
    return float(inside[0] / (1 - float(level)))


def top(rng: np.random.Generator, law: str, n: int, tail_paths: int) -> Floats:
    """The largest of n draws, largest first: those beyond the quantile and enough below it for its interval."""
    kept = min(n, tail_paths + 10 + math.ceil(6 * math.sqrt(tail_paths)))
    sums = np.cumsum(rng.exponential(size=kept))
    rest = rng.gamma(n + 1 - kept) if kept <= n else 0.0
    return np.asarray(law_of(law).isf(sums / (sums[-1] + rest)))


def of_top(largest: Floats, n: int, level: str) -> dict[str, Estimate]:
    distribution = known_tail(largest, n)
    return {
        "VaR": estimators.value_at_risk(distribution, level),
        "ES": estimators.expected_shortfall(distribution, level),
    }


def known_tail(largest: Floats, n: int) -> Distribution:
    """The distribution of n values of which only the largest are known; the others lie in the lowest bin."""
    histogram = FloatHistogram.empty(())
    histogram.add(largest)
    histogram.counts[0] += n - len(largest)
    return Distribution(histogram, Tail(largest, np.arange(len(largest), dtype=np.uint64)))


def draw(rng: np.random.Generator, law: str, n: int) -> tuple[Floats, Floats, Floats]:
    """(loss, twin's loss, a part of the loss), (path,) each."""
    static = SCALE * (rng.normal(size=n) if law == "normal" else rng.standard_t(4, n))
    loss = static + 0.5 * np.maximum(static - SCALE, 0) + 0.2 * SCALE * rng.normal(size=n)
    return loss, static, 0.6 * loss + 0.4 * SCALE * rng.normal(size=n)


def true_of_pairs(law: str, level: str, draws: int = 20_000_000) -> dict[str, float]:
    loss, static, part = draw(np.random.default_rng(0), law, draws)
    count = round(draws * (1 - float(level)))
    worst = np.argpartition(loss, draws - count)[draws - count :]
    es, es_static = loss[worst].mean(), np.partition(static, draws - count)[draws - count :].mean()
    inside = float(part[worst].mean())
    ratio, added = float(es / es_static), float(es - es_static)
    return {"amplification": ratio, "added loss": added, "slice": inside, "contribution": inside}


def of_pairs(loss: Floats, static: Floats, part: Floats, level: str) -> dict[str, Estimate]:
    whole = [distribution_of(x) for x in (loss, static)]
    ratio, added = estimators.against_static(whole[0], whole[1], level, loss, static)
    share = f"{1 - float(level):.10g}"
    inside = Estimate.symmetric(*conditional_mean(part[np.argsort(-loss, kind="stable")], share))
    total = estimators.expected_shortfall(whole[0], level).value
    values, errors = euler(np.stack([part, loss - part]), loss, level, total, len(loss))
    contribution = Estimate.symmetric(float(values[0]), float(errors[0]))
    return {"amplification": ratio, "added loss": added, "slice": inside, "contribution": contribution}


def distribution_of(values: Floats) -> Distribution:
    order = np.argsort(-values, kind="stable")
    histogram = FloatHistogram.empty(())
    histogram.add(values)
    return Distribution(histogram, Tail(values[order], order.astype(np.uint64)))


def engine(arguments: argparse.Namespace) -> None:
    """Coverage of every figure over independent runs."""
    paths, reference = int(arguments.paths), int(arguments.reference)
    overrides = [f"estimation.detail_paths={min(reference, 500_000)}", *arguments.set]
    scenario = stress.load_scenario(arguments.engine, overrides=overrides)
    truth = stress.run(scenario, paths=reference, seed=arguments.first_seed - 1, exact=True, store="summary")
    runs = [
        stress.run(scenario, paths=paths, seed=arguments.first_seed + i, store="summary") for i in range(arguments.runs)
    ]
    all_covered, all_finite, print_row = 0, 0, "{:14} {:36} {:>9} {:>11} {:>11} {:>11}".format
    print(print_row("group", "figure", "variables", "no interval", "worst", "covered %"))
    for group in GROUPS:
        datasets = [run[group].to_dataset() for run in runs]
        for name in names(datasets[0]):
            true = truth[group][name].values
            low, high = (np.stack([end(data, name, side) for data in datasets]) for side in ("low", "high"))
            finite = np.isfinite(low) & np.isfinite(high) & (high > low) & np.isfinite(true)
            holds = ((low <= true) & (true <= high)) | ~np.isfinite(high - low)
            values = np.stack([data[name].values for data in datasets])
            finite &= (values != values[0]).any(axis=0)  # what is the same in every run is not at stake
            used = finite.any(axis=0)
            all_covered, all_finite = all_covered + int((holds & finite).sum()), all_finite + int(finite.sum())
            for at in np.argwhere(used & (holds.sum(axis=0) < 179 * len(runs) / 200)):
                labels = {dim: datasets[0][dim].values[i] for dim, i in zip(datasets[0][name].dims, at, strict=True)}
                print("    few:", name, labels, int(holds.sum(axis=0)[tuple(at)]), "truth", true[tuple(at)])
            worst = f"{holds.sum(axis=0)[used].min()} of {len(runs)}" if used.any() else "-"
            share = f"{100 * (holds & finite).sum() / finite.sum():.1f}" if finite.any() else "-"
            print(
                print_row(group, name, int(used.sum()), int((~np.isfinite(high - low)).all(axis=0).sum()), worst, share)
            )
    print(f"covered {100 * all_covered / all_finite:.2f} % of {all_finite:,} intervals")


def differences(arguments: argparse.Namespace) -> None:
    """How often +-1.96 errors of a difference hold the true one: paired by path, and as of independent runs."""
    sides = [
        stress.load_scenario(arguments.engine, overrides=[*arguments.set, *more]) for more in ([], arguments.other)
    ]

    def both(paths: float, seed: int) -> list[xr.DataTree]:
        return [stress.run(side, paths=int(paths), seed=seed, store="summary") for side in sides]

    truth = compared(*both(arguments.reference, arguments.first_seed - 1))
    pairs = [both(arguments.paths, arguments.first_seed + i) for i in range(arguments.runs)]
    paired = [compared(a, b) for a, b in pairs]
    for _, other in pairs:
        other.attrs["seed"] = -1
    apart = [compared(a, b) for a, b in pairs]
    heads = (f"{'variables':>9} {'paired %':>9} {'worst':>6} {'apart %':>8} {'worst':>6}", "error, paired/apart")
    print(f"{'figure':28} {heads[0]} {heads[1]:>20}")
    for name in (*BY_LEVEL, *BY_FUND):
        true = truth[f"{name}_difference"].values
        sides_of_it = [errors_and_gaps(numbers, name, true) for numbers in (paired, apart)]
        known = np.logical_and(*(error > 0 for error, _ in sides_of_it))  # not one and the same on every path
        if not known.any():
            continue
        missed = [(known & (gap > 1.96 * error)).sum(axis=0) for error, gap in sides_of_it]
        shares = [100 * (1 - float(one.sum()) / float(known.sum())) for one in missed]
        worst = [len(pairs) - int(one.max()) for one in missed]
        ratio = float(np.median(sides_of_it[0][0][known] / sides_of_it[1][0][known]))
        used = int(known.any(axis=0).sum())
        print(f"{name:28} {used:9} {shares[0]:9.1f} {worst[0]:6} {shares[1]:8.1f} {worst[1]:6} {ratio:20.2f}")


def errors_and_gaps(numbers: list[xr.Dataset], name: str, true: Floats) -> tuple[Floats, Floats]:
    """Errors of a difference and how far it is from the true one, (run, ...); an error that is not known is 0."""
    error = np.stack([one[f"{name}_difference_se"].values for one in numbers])
    gap = np.abs(np.stack([one[f"{name}_difference"].values for one in numbers]) - true)
    return np.where(np.isfinite(error) & np.isfinite(gap), error, 0.0), gap


def names(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name in dataset.data_vars if f"{name}_se" in dataset]


def end(dataset: xr.Dataset, name: str, side: str) -> npt.NDArray[Any]:
    """An end of the interval, that of +-1.96 errors where it has no other."""
    if f"{name}_ci_{side}" in dataset:
        return np.asarray(dataset[f"{name}_ci_{side}"].values)
    reach = 1.96 * dataset[f"{name}_se"].values
    return np.asarray(dataset[name].values + (reach if side == "high" else -reach))


if __name__ == "__main__":
    main()
