"""Which differences of two runs are significant, looked at all together."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr
from rich.console import Console
from scipy.stats import norm

from collected_example import collected
from stress.results.dataset.compared import compared, holm
from stress.results.dataset.tree import to_datatree
from stress.results.statistics.few_paths import two_sided_p
from stress.results.terminal.compared_table import compared_notes, compared_table

TREE = to_datatree(collected(paths=2000, stored=False))
AT = {"fund": "alpha", "level": 0.99}
ERROR = 1e-3


def with_es(value: float, seed: int) -> xr.DataTree:
    """The result with another ES of `alpha` at 99 %, and a small error of it."""
    tree = TREE.copy(deep=True)
    tree.attrs["seed"] = seed
    tree["summary"]["es"].loc[AT] = value
    tree["summary"]["es_se"].loc[AT] = ERROR
    return tree


def test_p_values_are_adjusted_for_their_number() -> None:
    found = holm(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    np.testing.assert_allclose(found, [0.03, 0.06, np.nan, 0.06, 0.02])  # by hand: 3 x 0.01, 2 x 0.03, 4 x 0.005
    assert holm(np.array([0.6, 0.7])).tolist() == [1.0, 1.0]
    rng = np.random.default_rng(5)
    common = np.sqrt(0.7) * rng.normal(size=(4000, 1))  # of dependent tests, none of which has an effect
    p_values = 2 * norm.sf(np.abs(common + np.sqrt(0.3) * rng.normal(size=(4000, 20))))
    wrong = np.array([holm(row).min() < 0.05 for row in p_values])
    alone = (p_values.min(axis=1) < 0.05).mean()
    error = np.sqrt(0.05 * 0.95 / wrong.size)
    assert wrong.mean() < 0.05 + 5 * error < alone


@pytest.mark.parametrize(("score", "starred"), [(16.0, 1), (-16.0, 1), (3.0, 0), (-3.0, 0)])
def test_a_star_marks_what_is_significant_among_all_differences(score: float, starred: int) -> None:
    numbers = compared(with_es(0.3, 1), with_es(0.3 + score * np.sqrt(2) * ERROR, 2))
    count = numbers.attrs["differences"]
    scores = [x for name, x in numbers.data_vars.items() if str(name).endswith("_z")]
    assert count == sum(int(x.notnull().sum()) for x in scores) > 50
    row = numbers.sel(AT)
    assert row["es_z"].item() == pytest.approx(score)
    assert row["es_p"].item() == pytest.approx(min(count * two_sided_p(score, 20), 1.0))
    screen = Console(file=io.StringIO(), width=100, color_system=None)
    screen.print(compared_table(numbers, [0.99]))
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue().count("*") == starred
    notes = "\n".join(compared_notes(numbers, [0.99]))
    assert f"*: {starred} significant at 5 % for all {count} differences" in notes
    assert "\n1 of " in notes  # whichever of the two is larger
    assert " differences with an error are more than 2 of them away from zero" in notes
