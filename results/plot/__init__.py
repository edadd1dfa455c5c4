"""Figures of a result with matplotlib, one file each: a tree in, axes in and out; also as `tree.stress.plot`."""

from stress.results.plot.amplification import amplification
from stress.results.plot.attribution import attribution
from stress.results.plot.brokers import brokers
from stress.results.plot.contributions import contributions
from stress.results.plot.convergence import convergence
from stress.results.plot.crowding import crowding
from stress.results.plot.distribution import distribution, distributions
from stress.results.plot.drawing.embed import svg
from stress.results.plot.heatmap import heatmap
from stress.results.plot.leverage import leverage
from stress.results.plot.sales import sales
from stress.results.plot.timeline import timeline

__all__ = [
    "amplification",
    "attribution",
    "brokers",
    "contributions",
    "convergence",
    "crowding",
    "distribution",
    "distributions",
    "heatmap",
    "leverage",
    "sales",
    "svg",
    "timeline",
]
