"""What paths cost, where one on which the book is held still costs 1.

CPU time of compiled programs by `benchmarks/path_costs.py` (two cores, the library's scenarios): with sales 6.1 in
`desk`, gaussian and Student-t, 3.8 in `tariff-2025` and 3.7 in `ai-unwind-2026`; likelihoods 0.5 and 0.6, and 0.05. It
is a table and no clock: what is decided by it must be the same on every machine and each time.
"""

from __future__ import annotations

from typing import NamedTuple


class Costs(NamedTuple):
    """Costs of the paths of a scenario.

    Attributes:
        sales: of a path with its sales.
        likelihoods: of those of a path under the components of a mixture.
        two_passes: whether every path is held still first, and sales are simulated where somebody has to trade.
    """

    sales: float
    likelihoods: float
    two_passes: bool

    def plain(self, selling: float) -> float:
        """Of a plain path, a share of which has sales."""
        return 1 + self.sales * selling if self.two_passes else self.sales

    def tilted(self, selling: float) -> float:
        """Of a path of a mixture, a share of which has sales."""
        return self.plain(selling) + self.likelihoods

    def screened(self, simulated: float) -> float:
        """Of a path held still, a share of which is simulated with sales."""
        return 1 + self.sales * simulated


BY_TRIGGERS = Costs(6.1, 0.5, True)  # nobody buys from outside: prices move by themselves until a trigger acts
OUTSIDE_BUYERS = Costs(3.8, 0.05, False)  # somebody trades on every path
