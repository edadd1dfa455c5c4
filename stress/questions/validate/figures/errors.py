"""Standard errors of the summary against those of a bootstrap over the paths, and the ends of its intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import numpy as np

from stress.questions.validate.check import Check, largest
from stress.questions.validate.figures.tails import expected_shortfall, value_at_risk
from stress.questions.validate.figures.told import Floats, Told
from stress.questions.validate.readings import Readings
from stress.scenarios.problem import Problem

RESAMPLES = 200
RATIO = 1.5  # of a standard error to that of a bootstrap, either way
FEWEST = 100  # paths in a tail for its errors to be compared
ROUNDED = 1e-12  # a spread this small is rounding
CLEAR = 5.0  # standard errors by which the static loss of a ratio has to be above zero
READINGS = {
    "{}": "group_loss",
    "{}_static": "group_loss_static",
    "trough_{}": "trough",
    "trough_{}_static": "trough_static",
    "drawdown_{}": "max_drawdown",
}
MEASURES: dict[str, Callable[..., Floats]] = {"es": expected_shortfall, "var": value_at_risk}
Z95 = 1.959963984540054


def against_bootstrap(part: str, problem: Problem, told: Told, found: Readings) -> Iterator[Check]:
    """Errors of means, VaR, ES, troughs, drawdowns and amplifications, where the tail is not thin."""
    loss, static = found["group_loss"], found["group_loss_static"]
    thick = [level for level in problem.estimation.levels if (1 - Fraction(level)) * loss.shape[1] >= FEWEST]

    def compared(name: str, level: str | None, by_hand: Floats, at: str = "") -> Check:
        said = told.rows(f"{name}_se", level)
        with np.errstate(invalid="ignore", divide="ignore"):
            off = np.exp(
                np.abs(np.log(np.where(by_hand > ROUNDED, said / by_hand, np.where(np.isnan(said), said, 1.0))))
            )
        off = np.where(np.isnan(by_hand), 1.0, off)
        return Check(part, f"standard error of {name}{at} over a bootstrap's", largest(off), RATIO, "or its inverse")

    yield compared("mean_loss", None, spread(expected_shortfall, "0", loss))
    for level in ("0", *thick):
        at = f" at {level}"
        measured = {"added_loss": _added} | ({"amplification": _ratio} if level in thick else {})
        for name, of in measured.items():
            by_hand = spread(of, level, loss, static)
            if name == "amplification":
                clear = expected_shortfall(static, level) > CLEAR * spread(expected_shortfall, level, static)
                by_hand = np.where(clear, by_hand, np.nan)
            yield compared(name, level, by_hand, at)
    for level in thick:
        for variable, name in READINGS.items():
            for measure, statistic in MEASURES.items():
                by_hand = spread(statistic, level, found[name])
                yield compared(variable.format(measure), level, by_hand, f" at {level}")


def spread(of: Callable[..., Floats], level: str, *samples: Floats) -> Floats:
    """Standard deviation of a measure, (row,), over resamples of the paths of samples (row, path): always the same."""
    paths = samples[0].shape[1]
    picks = np.random.default_rng(1).integers(0, paths, (RESAMPLES, paths))
    return np.asarray(np.std([of(*(x[:, pick] for x in samples), level) for pick in picks], axis=0))


def _added(loss: Floats, static: Floats, level: str) -> Floats:
    return expected_shortfall(loss, level) - expected_shortfall(static, level)


def _ratio(loss: Floats, static: Floats, level: str) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return expected_shortfall(loss, level) / expected_shortfall(static, level)


def of_means(part: str, told: Told, every: Mapping[str, Floats], brokers: Floats) -> Iterator[Check]:
    """Errors of means and probabilities against `s/sqrt(N)`, where they rest on enough paths.

    Args:
        part: of the validation.
        told: the summary; amounts are compared in units of their mean.
        every: what each figure is the mean of, (row, path).
        brokers: (broker, path) loss.
    """
    samples = {name: (values, told.rows(name), told.rows(f"{name}_se")) for name, values in every.items()}
    if len(brokers):
        samples["broker_loss_mean"] = (
            brokers,
            told.by_broker("broker_loss_mean"),
            told.by_broker("broker_loss_mean_se"),
        )
        hit = (brokers > 0.0).astype(np.float64)
        samples["broker_loss_prob"] = (hit, told.by_broker("broker_loss_prob"), told.by_broker("broker_loss_prob_se"))
    for name, (values, mean, error) in samples.items():
        x = np.asarray(values, np.float64)
        average, square, paths = x.mean(axis=1), (x**2).mean(axis=1), x.shape[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            rests_on = np.minimum(average**2 / square, (1.0 - average) if name.startswith("prob_") else 1.0) * paths
            by_hand = x.std(axis=1) / math.sqrt(paths) / np.abs(average)
            off = np.exp(np.abs(np.log(error / np.abs(mean) / by_hand)))
        off = np.where((rests_on >= FEWEST) & (by_hand > ROUNDED), off, 1.0)
        yield Check(part, f"standard error of {name} over s/sqrt(N)", largest(off), RATIO, "or its inverse")


def intervals(part: str, told: Told) -> Check:
    """How many intervals do not hold their figure, or are not 2 x 1.96 standard errors wide."""
    wrong = []
    for variable in map(str, told.table.data_vars):
        name = variable.removesuffix("_ci_low")
        if name == variable:
            continue
        value, low, high, error = (
            np.asarray(told.table[name + part]) if name + part in told.table else np.full(1, np.nan)
            for part in ("", "_ci_low", "_ci_high", "_se")
        )
        known = ~np.isnan(low)  # of no figure there is no interval
        size = 1e-9 * np.maximum(1.0, np.abs(value))
        outside = ~((low - size <= value) & (value <= high + size))
        with np.errstate(invalid="ignore"):
            unlike = ~(np.abs(high - low - 2 * Z95 * error) <= size) & np.isfinite(high - low)
        if (known & (outside | unlike)).any() or (np.isnan(low) != np.isnan(value)).any():
            wrong.append(name)
    return Check(part, "intervals that are not those of their errors", len(wrong), 0, ", ".join(wrong))
