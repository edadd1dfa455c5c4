"""The synthetic run and its dataset, made once."""

import numpy as np

from collected_example import GROUPS, collected
from stress.results.dataset.tree import to_datatree

RUN = collected()
TREE = to_datatree(RUN)
SYSTEM = len(GROUPS)


def losses(fund: str, metric: str = "fund_loss") -> np.ndarray:
    assert RUN.stored is not None
    row = SYSTEM if fund == "system" else GROUPS.index(fund)
    values: np.ndarray = RUN.stored.metrics[metric][row]
    return values
