"""Does importance sampling agree with plain paths: the event counted among the plain ones against its probability
from the tilted ones alone.

Effective sample size, mean weight and largest share stay healthy where a tilt misses a part of the event, as no path
is there to say so. Plain paths miss nothing. Against the whole mixture, of which they are a part, they would agree
always.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from stress.results.statistics.estimate import Estimate

LEAST_EXPECTED = 10.0  # plain events below which a check has no power to speak of
ALPHA = 0.01
AGREES, REJECTED, NOT_VERIFIED, PLAIN = "agrees", "rejected", "not verified", "plain"
BY_DESIGN = "by design"


@dataclass(frozen=True)
class PlainCheck:
    """The event among the plain paths of a mixture.

    Attributes:
        paths: plain ones.
        events: of them.
        expected: events by the tilted paths alone, and its standard error.
        p_value: two-sided, of as many events or more, or as few or fewer.
        verdict: AGREES, REJECTED, NOT_VERIFIED (too few plain events), or PLAIN (nothing was tilted), or
            BY_DESIGN (paths were left out by their id, which needs no check).
    """

    paths: int
    events: int
    expected: float
    expected_se: float
    p_value: float
    verdict: str


def plain_check(paths: int, events: int, tilted: Estimate) -> PlainCheck:
    """Check `events` among so many plain paths against the probability that the tilted paths alone give.

    The count is Poisson about an expectation that is itself known with an error; with a gamma law for it the count is
    negative binomial (Greenwood and Yule 1920).
    """
    from scipy import stats

    expected, se = paths * tilted.value, paths * tilted.se
    if not expected > 0:
        p_value = 1.0 if events == 0 else 0.0
    else:
        law = stats.poisson(expected)
        if se > 1e-6 * expected:
            law = stats.nbinom((expected / se) ** 2, expected / (expected + se**2))
        p_value = min(1.0, 2 * min(float(law.cdf(events)), float(law.sf(events - 1))))
    verdict = AGREES
    if p_value < ALPHA:
        verdict = REJECTED
    elif max(expected, events) < LEAST_EXPECTED:
        verdict = NOT_VERIFIED
    return PlainCheck(paths, events, expected, se, p_value, verdict)


def nothing_tilted(paths: int, events: int) -> PlainCheck:
    """Where all paths are plain."""
    return PlainCheck(paths, events, math.nan, math.nan, math.nan, PLAIN)


def by_design() -> PlainCheck:
    """Where each path, left out or not, had a chance to be simulated that is known, and its inverse is its weight."""
    return PlainCheck(0, 0, math.nan, math.nan, math.nan, BY_DESIGN)
