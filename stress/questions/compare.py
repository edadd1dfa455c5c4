"""Compare two run directories: what differs in their settings, then in their numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stress.questions.opened import open_run
from stress.questions.settings import Setting, compare_settings, settings_json
from stress.results.dataset.compared import compared, same_numbers
from stress.results.files.store import RESULT, SPEC, check_unreplaced, read_spec
from stress.run_directory.location import location_of

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Comparison:
    """Two runs: their settings, and the numbers of `stress.results.dataset.compared`."""

    settings: tuple[Setting, ...]  # those that differ, by section and key
    settings_equal: int
    numbers: xr.Dataset
    same_numbers: bool  # every number of the two summaries, to the last bit

    @property
    def identical(self) -> bool:
        """Whether no setting and no number of the summary differs."""
        return not self.settings and self.same_numbers


def compare(a: str | Path, b: str | Path, *others: str | Path) -> xr.Dataset:
    """The numbers of two finished runs, B less A, with standard errors; of more, each less the first.

    Args:
        a: a run directory, or the URL of one.
        b: another.
        *others: more of them.

    Returns:
        Of more than two what `stress.results.side_by_side.dataset.side_by_side` says, with the dim `run`. Of two:
        dims fund ("system" last) and level (0 = the mean); for each figure, such as `es`, the variables `es_a`, `es_b`,
        `es_difference`, `es_difference_se`, `es_z` and `es_p`, the p-value adjusted for all differences.
        Losses are fractions of start NAV, positive = loss. `es_bound` is 1 where the error is an upper bound.
        Attributes: `same_seed`, `paired_paths` (with one seed: how many), `differences`, the funds and levels that only
        one of them has, `settings_different` (JSON) and `settings_equal` (a count).

    Raises:
        FileNotFoundError, UnfinishedRun: no run directory, or one without a finished run that can be read.

    Example:
        >>> import stress
        >>> stress.compare("runs/calm", "runs/crisis")["es_difference"].sel(level=0.99)  # doctest: +SKIP
    """
    places = [location_of(run) for run in (a, b, *others)]
    for location in places:
        location.fetch(SPEC, RESULT)
    if others:
        from stress.questions.side_by_side import runs_side_by_side

        return runs_side_by_side([place.folder for place in places], [place.name for place in places]).numbers
    return compare_runs(places[0].folder, places[1].folder).numbers


def compare_runs(a: Path, b: Path) -> Comparison:
    """Settings and numbers of two finished runs; raises what `compare` does."""
    first, second = open_run(a), open_run(b)
    try:
        different, equal = compare_settings(read_spec(a), read_spec(b))
        numbers = compared(first, second)
        numbers.attrs |= {
            "settings_different": json.dumps(settings_json(different), ensure_ascii=False),
            "settings_equal": equal,
        }
        comparison = Comparison(different, equal, numbers, same_numbers(first, second))
        for tree, directory in ((first, a), (second, b)):
            check_unreplaced(tree, directory)
        return comparison
    finally:
        first.close()
        second.close()
