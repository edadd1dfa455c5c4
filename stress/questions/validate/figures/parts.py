"""The parts of the loss by the reference: held still, cutting, selling and dip-buying, and their sum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from stress.questions.validate.agreement import Compared
from stress.questions.validate.figures.told import Floats
from stress.questions.validate.readings import groups
from stress.reference.result import price_taker, simulate


@dataclass(frozen=True)
class Parts:
    """Parts of the loss up to each step, as fractions of the row's NAV."""

    by_step: dict[str, Floats]  # part -> (step, row, path), the system last

    @property
    def of_loss(self) -> dict[str, Floats]:
        """Of the final loss, (row, path)."""
        return {name: values[-1] for name, values in self.by_step.items()}


def parts_of(compared: Compared) -> Parts:
    """All of them; what dip-buyers did only where there are any."""
    problem, full = compared.problem, compared.result
    weight = groups(problem) * problem.funds.nav
    weight = weight / weight.sum(axis=1, keepdims=True)

    def loss(equity: Floats) -> Floats:
        return np.asarray(np.einsum("gm,smp->sgp", weight, 1.0 - equity))

    whole, still = loss(full.equity), loss(full.equity_static)
    taker = loss(simulate(price_taker(problem), compared.draws).equity)
    alone = loss(simulate(replace(problem, outside={}), compared.draws).equity) if problem.outside else whole
    found = {"held_still": still, "cutting": taker - still, "selling": alone - taker}
    if problem.outside:
        found["dip_buyers"] = whole - alone
    return Parts(found | {"total": whole})
