"""An answer about rare losses in sentences."""

from __future__ import annotations

import math

import xarray as xr

from stress.results.answers.rare.beside import as_answer
from stress.results.answers.rare.dataset import GROUP, WEIGHTS
from stress.results.answers.rare.event import paths_to_check
from stress.results.statistics.plain_check import BY_DESIGN, NOT_VERIFIED, PLAIN, REJECTED
from stress.results.terminal.cells import TOO_FEW, decimals, fixed, percent, with_error

NAMES = {"tilt": "importance sampling", "screen": "screening"}
SAME_BELOW = 1.25  # ratio of variances
MOST_ADVISED = 1e9  # paths of an answer, some 150 bytes each
HARDLY = 0.01  # plain events, below which a number of them would read 0.00
HUNDREDTH = 1e-4  # 0.01 %
SMALL = 1e-3  # below it a probability is written by its power of ten, above it in percent


def warning_of(tree: xr.DataTree) -> str:
    """What must be said aloud: plain paths contradict the answer; else ""."""
    if tree.attrs["plain_check"] != REJECTED:
        return ""
    seen, expected = counted(tree)
    return (
        f"do not use this answer: the event happened on {seen} plain paths, the tilted ones make that {expected}: they "
        "miss a part of it, or see too much of it"
    )


def warning_in(tree: xr.DataTree) -> str:
    """The same of the figure beside a run."""
    found = as_answer(tree)
    return "" if found is None else warning_of(found)


def counted(tree: xr.DataTree) -> tuple[str, str]:
    """Plain events, and how many the tilted paths expect."""
    health = tree[WEIGHTS].to_dataset()
    expected, se = float(health["plain_expected"]), float(health["plain_expected_se"])
    few = f"under {HARDLY}" if expected < HARDLY else with_error(expected, se, decimals(expected, se, 2))
    return f"{int(health['plain_events']):,}", few


def verdict_of(tree: xr.DataTree) -> str:
    """What the plain paths say of the tilted ones."""
    verdict = tree.attrs["plain_check"]
    if verdict == PLAIN:
        return f"Plain paths: {tree.attrs['why_plain']}."
    if verdict == BY_DESIGN:
        return screened(tree)
    if warning := warning_of(tree):
        return f"{warning[:1].upper()}{warning[1:]}."
    seen, expected = counted(tree)
    plain = int(tree[WEIGHTS]["plain_paths"])
    if verdict == NOT_VERIFIED:
        enough = paths_to_check(tree)
        more = ""
        if enough is not None and enough <= MOST_ADVISED:
            more = f"; with --paths {enough} there would be enough"
        elif enough is not None:
            more = f"; some {enough:.0e} paths would have enough"
        return (
            f"Not verified by plain paths: {plain:,} of them are too few for this event ({seen} seen, {expected} "
            f"expected by the tilted ones){more}."
        )
    return f"Plain paths agree: the event happened on {seen} of {plain:,}, the tilted ones alone expect {expected}."


def screened(tree: xr.DataTree) -> str:
    """Which paths were simulated with sales."""
    health = tree[WEIGHTS].to_dataset()
    calm, bad, chosen, left = (int(x) for x in health["paths"].values)
    others = str(health["component"].values[2])
    return (
        f"Screened: sales were simulated on the {bad:,} paths that are worst held still and on {chosen:,}, {others}; "
        + (f"nobody trades on {calm:,}; " if calm else "")
        + f"{left:,} were left out."
    )


def gain_of(tree: xr.DataTree) -> str:
    """What the method was expected to gain."""
    if "gain" not in tree.attrs or tree.attrs["method"] == "plain":
        return ""
    fewer, gain = (float(tree.attrs[name]) for name in ("variance_ratio", "gain"))
    why = str(tree.attrs["why_plain"])
    by = f"{why[:1].upper()}{why[1:]}: it expects" if why else "The pilot expects"
    as_many = "that of as many plain paths"
    if fewer < SAME_BELOW:
        return f"{by} a variance like {as_many}, and one {_times(gain)} times smaller at equal work."
    return f"{by} a variance {_times(fewer)} times smaller than {as_many}, {_times(gain)} times at equal work."


def _times(ratio: float) -> str:
    return f"{float(f'{ratio:.3g}'):,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def weights_of(tree: xr.DataTree) -> str:
    """Health of the weights."""
    health = tree[WEIGHTS].to_dataset()
    mean, se = float(health["mean_weight"]), float(health["mean_weight_se"])
    share = float(health["largest_share"])
    if tree.attrs["method"] == PLAIN:
        return f"The event happened on {int(health['event_paths']):,} paths."
    largest = "" if math.isnan(share) else f"; the largest share of one path in it is {percent(float(f'{share:.2g}'))}"
    return (
        f"The event happened on {int(health['event_paths']):,} paths{largest}. Mean weight "
        f"{with_error(mean, se, decimals(mean, se, 4))}, which should be 1."
    )


def answer_text(tree: xr.DataTree) -> str:
    """The answer with its error and interval."""
    table = tree[GROUP].to_dataset()
    value, se, low, high = (float(table[f"answer{x}"]) for x in ("", "_se", "_ci_low", "_ci_high"))
    if tree.attrs["kind"] in ("var", "es"):
        if not math.isfinite(se):
            return f"{fixed(100 * value, 1)} {TOO_FEW} % of start NAV (too few paths for an interval)"
        places = decimals(100 * value, 100 * se, 3)
        interval = f"{fixed(100 * low, places)} to {fixed(100 * high, places)}"
        return f"{with_error(100 * value, 100 * se, places)} % of start NAV (95 % interval {interval})"
    if value == 0:
        return f"on no path; its probability is below {chance(high)} (95 %)"
    probability, error, interval = chances(value, se, low, high)
    return f"{probability} {error} (95 % interval {interval})"


def chances(value: float, se: float, low: float, high: float) -> tuple[str, str, str]:
    """A probability that may be tiny, its error and its interval, all in one unit: `1.37e-05`, `±0.06e-05`, ..."""
    if math.isnan(value):
        return "-", "", ""
    if value == 0:
        return "0", "", f"below {chance(high)}"
    power = math.floor(math.log10(value)) if 0 < value < SMALL else -2
    most = 4 if power == -2 and se < HUNDREDTH / 2 else 2  # else the error would read <0.01 %
    places = decimals(value / 10.0**power, se / 10.0**power, most)

    def written(size: float) -> str:
        number = fixed(size / 10.0**power, places)
        return f"{number} %" if power == -2 else f"{number}e{power:03d}"

    if math.isinf(se):
        return written(value), TOO_FEW, ""
    error = written(se)
    if se > 0 and not float(error.partition("e")[0].strip(" %")):
        error = f"<{written(10.0 ** (power - places))}"
    return written(value), f"±{error}", f"{written(low)} to {written(high)}"


def chance(value: float) -> str:
    """A probability alone, three digits."""
    if math.isnan(value):
        return "-"
    return f"{value:.3g}" if value < SMALL else percent(float(f"{value:.3g}"))
