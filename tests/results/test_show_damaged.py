"""Whatever a damaged result lacks, a closer look at it shows the rest or says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest
import xarray as xr

from stress.scenarios.errors import ScenarioError
from view_example import EVERY, RUN, TREE, replaced, text_of

OF_GROUP = {
    "timeline": ("sales", "sales of a step", "sales of a fund", "timeline", "timeline of an asset"),
    "attribution": ("attribution", "attribution of a fund"),
    "tails": ("worst",),
    "contributions": ("contributions",),
    "distribution": ("picture",),
}
FEWER = {"timeline": 3, "distribution": 2}  # one in so many, but with the marker slow: these take longest


def damaged(dataset: xr.Dataset) -> Iterator[tuple[str, xr.Dataset]]:
    """The dataset without a variable, with one of another shape or kind, or without some labels."""
    for name in list(dataset.variables)[::2]:
        yield f"without {name}", dataset.drop_vars(str(name))
    for name, variable in list(dataset.data_vars.items())[::3]:
        yield f"{name} as text", dataset.assign({name: variable.astype(str)})
        yield f"{name} as one number", dataset.assign({name: variable.isel(dict.fromkeys(variable.dims, 0), drop=True)})
    for dim in dataset.dims:
        for part in (slice(0, 0), slice(0, 1), slice(-1, None)):
            yield f"{dim} {part}", dataset.isel({dim: part})


@pytest.mark.parametrize(
    ("group", "one_in"),
    [
        *((group, FEWER.get(group, 1)) for group in OF_GROUP),
        *(pytest.param(x, 1, marks=pytest.mark.slow) for x in FEWER),
    ],
)
def test_a_view_of_a_damaged_group_is_shown_or_refused(group: str, one_in: int) -> None:
    outcomes = []
    for what, dataset in islice(damaged(TREE[group].to_dataset()), 0, None, one_in):
        tree = replaced(group, dataset)
        for name in OF_GROUP[group]:
            try:
                view = EVERY[name](tree)
                outcomes.append((what, text_of(view), bool(view.document(tree))))
            except ScenarioError as error:
                outcomes.append((what, error.allowed, error.file == RUN))
    assert len(outcomes) > 10
    for what, text, right in outcomes:
        assert text, what
        assert right, what
