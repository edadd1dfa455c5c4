"""The traffic light of bank supervisors: the zone of a count of exceptions by its chance where the forecasts are right.

Basel Committee, MAR99 (1996): green below a cumulative probability of 95 %, red from 99.99 % on, yellow between. On
250 days at 99 % that is up to 4, 5 to 9, and 10 or more.
"""

from __future__ import annotations

from typing import NamedTuple

from scipy import stats

YELLOW_FROM = 0.95
RED_FROM = 0.9999
ZONES = ("green", "yellow", "red")


class TrafficLight(NamedTuple):
    """Where a count of exceptions lies."""

    zone: str  # one of `ZONES`
    cumulative: float  # chance of so many exceptions or fewer


def traffic_light(exceptions: int, days: int = 250, probability: float = 0.01) -> TrafficLight:
    """The zone of `exceptions` in `days`, of the `probability` each.

    Raises:
        ValueError: no days, more exceptions than days, or a probability outside (0, 1).
    """
    if not 0 < probability < 1 or not 0 <= exceptions <= days or days < 1:
        raise ValueError(f"{exceptions} exceptions in {days} days of probability {probability}")
    cumulative = float(stats.binom.cdf(exceptions, days, probability))
    return TrafficLight(ZONES[(cumulative >= YELLOW_FROM) + (cumulative >= RED_FROM)], cumulative)
