"""`stress.replay`: one path of a run again, in full, with exactly the loss and the calls that the run recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stress.errors import InvariantFailed
from stress.results.files.store import RESULT, SPEC, DamagedRun, UnfinishedRun, is_result, open_result
from stress.run_directory.location import location_of
from stress.scenarios.errors import ScenarioError, suggest

if TYPE_CHECKING:
    import xarray as xr

    from stress.results.statistics.simulation_output import PathTable
    from stress.results.story.recorded_path import RecordedPath

SYSTEM = "system"


def replay(directory: str | Path, path: int | None = None, worst: int | None = None, fund: str = SYSTEM) -> xr.DataTree:
    """One path of a run once more, round by round.

    Args:
        directory: of a run, finished or not.
        path: id of the path; None chooses one of a finished run.
        worst: its rank by the loss of `fund`, 1 being the worst path. Without it a fund has its worst path, and the
            system the path that stands for the worst 1 %, see `Replayer.representative`.
        fund: a fund of the result, or "system".

    Returns:
        The story: groups `outcome`, `steps`, `rounds` and `members`, see docs/replay.md.

    Raises:
        FileNotFoundError, UnfinishedRun, DamagedRun: there is no run, or no result to take worst paths from.
        OtherRun: this version, device type or package computes other numbers than the run was begun with.
        ScenarioError: no such path, rank or fund.
        DeviceNotFound: the device of the run is not there.
        InvariantFailed: the path does not come out as it was recorded.

    Example:
        >>> import stress
        >>> story = stress.replay("runs/april", worst=1, fund="quant_emn")  # doctest: +SKIP
        >>> story["rounds"]["longs_sold_usd"].sel(step=2, fund="quant_emn", asset="semis")  # doctest: +SKIP
    """
    return Replayer(directory).story(path, worst, fund)


class Replayer:
    """Replays paths of one run; what several of them need is read and compiled once."""

    def __init__(self, directory: str | Path) -> None:
        from stress.engine.sizes import devices_for
        from stress.questions.recorder import Recorder
        from stress.run_directory.method import method_of
        from stress.run_directory.spec import check_same, problem_of, read_spec, spec_of

        self._place = location_of(directory)
        self._place.fetch(SPEC, RESULT)
        self.out = self._place.folder
        if not self.out.is_dir():
            raise FileNotFoundError(f"{self.out}: no such run directory")
        spec = read_spec(self.out)
        self.problem, options = problem_of(spec, str(self.out))
        # How many paths the run had, on how many devices and in how much memory, says nothing about one path.
        here = replace(options, devices=None, max_memory=None)
        now = spec_of(self.problem, replace(here, paths=1, store="tails"), method_of(spec, str(self.out)))
        now["identity"] |= {name: spec["identity"].get(name) for name in ("paths", "every_path_stored")}
        check_same(str(self.out), spec, now)
        self.options = options
        self.recorder = Recorder(self.problem, here, devices_for(self.problem, here))
        finished = is_result(self.out) or (self.out / RESULT).exists()
        self.result: xr.DataTree | None = open_result(self.out) if finished else None

    def story(self, path: int | None = None, worst: int | None = None, fund: str = SYSTEM) -> xr.DataTree:
        """See `replay`."""
        from stress.results.story.tree import to_story

        chosen, rank, stands_for = self._chosen(path, worst, fund)
        recorded = self.recorder.recorded(chosen)
        compared = self._compare(recorded.outcome)
        gap, limit = largest_gap(recorded, self.options.precision)
        if not gap <= limit:
            raise InvariantFailed(
                f"the recording of path {chosen} differs from the path itself by {gap:.3g}, allowed: {limit:g}"
            )
        from stress.results.dataset.tree import spec_digest

        return to_story(
            recorded,
            {
                "path": chosen,
                "rank": rank,
                "ranked_by": fund if rank else "",
                "stands_for": stands_for,
                "directory": str(self.out),
                "paths": self.options.paths,
                "seed": self.options.seed,
                "precision": self.options.precision,
                "device_kind": self.recorder.devices.kind,
                "spec_sha256": spec_digest(self.problem.canonical),
                "figures_compared": compared,
                "recording_gap": gap,
                "recording_gap_allowed": limit,
            },
        )

    def _chosen(self, path: int | None, worst: int | None, fund: str) -> tuple[int, int, int]:
        """A path's id, its rank (0 = none was asked for), and how many paths it stands for (0 = itself)."""
        if path is not None:
            return self._checked(path), 0, 0
        found = self.representative() if worst is None and fund == SYSTEM else None
        if found is not None:
            return found[0], 0, found[1]
        return self._worst(worst or 1, fund), worst or 1, 0

    def representative(self) -> tuple[int, int] | None:
        """The path that stands for the worst 1 % of the detailed ones by system loss, and how many these are.

        Its loss by step is nearest to their mean, in squared distance. None of a result that does not say.

        Raises:
            UnfinishedRun: see `replay`.
        """
        if self.result is None:
            raise UnfinishedRun(
                f"{self.out} is not finished: its paths cannot be chosen from yet, a path id can be given"
            )
        attrs = self.result["timeline"].attrs if "timeline" in self.result.children else {}
        if "representative_path" not in attrs:
            return None
        return int(attrs["representative_path"]), int(attrs["representative_of"])

    def _checked(self, path: int) -> int:
        """A path id that the run has.

        Raises:
            ScenarioError: it has not.
        """
        if 0 <= path < self.options.paths:
            return path
        allowed = f"0 to {self.options.paths - 1}"
        raise ScenarioError("is no path of this run", file=str(self.out), key="path", value=path, allowed=allowed)

    def _worst(self, rank: int, fund: str) -> int:
        """The path of that rank by a fund's loss.

        Raises:
            UnfinishedRun, ScenarioError: see `replay`.
        """
        if self.result is None:
            raise UnfinishedRun(
                f"{self.out} is not finished: its worst paths are not known yet, a path id can be given"
            )
        if "tails" not in self.result.children:
            why = "no worst paths were kept (--store summary, or --worst 0)"
            raise ScenarioError(why, file=str(self.out), key="worst", value=rank, allowed="a path id")
        tails = self.result["tails"].to_dataset()
        funds, ranks = [str(name) for name in tails["fund"].values], [int(x) for x in tails["rank"].values]
        if fund not in funds:
            allowed = suggest(fund, funds)
            raise ScenarioError("is no fund of this run", file=str(self.out), key="fund", value=fund, allowed=allowed)
        if rank not in ranks:
            allowed = f"1 to {len(ranks)}, the worst paths that were kept"
            raise ScenarioError("is no rank", file=str(self.out), key="worst", value=rank, allowed=allowed)
        found = int(tails["path_id"].values[ranks.index(rank), funds.index(fund)])
        if not 0 <= found < self.options.paths:
            raise DamagedRun(f"{self.out} names a worst path {found}, of {self.options.paths} paths")
        return found

    def _compare(self, outcome: PathTable) -> int:
        """Hold a path against what the run recorded of it, bit by bit; returns how many figures there were.

        Raises:
            InvariantFailed: naming what differs.
        """
        from stress.results.dataset.paths import METRICS

        if self.result is None:
            return 0
        from stress.compile.matrices import group_nav

        nav = group_nav(self.problem, self.options.members)
        groups = self.problem.funds.ids if self.options.members else self.problem.funds.types
        rows = {**{name: row for row, name in enumerate(groups)}, SYSTEM: len(groups)}
        path, differing, count = int(outcome.path_ids[0]), [], 0
        for place, there in self._recorded(path):
            for name, fund, value in there:
                if fund not in rows:
                    raise DamagedRun(f"{self.out} has a fund {fund!r} in its {place} and not in its scenario")
                row = rows[fund]
                if name in METRICS:
                    unit = float(nav[row]) if name.endswith("_usd") else 1.0
                    now: Any = np.asarray(outcome.metrics[METRICS[name]][row, 0] * unit)
                else:
                    now = np.asarray(getattr(outcome, name)[row, 0])
                count += 1
                if now.astype(value.dtype) != value:
                    differing.append(f"{place}: {name} of {fund} is {now} now and was {value}")
        if differing:
            more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
            raise InvariantFailed(f"path {path} is not the one recorded: {'; '.join(differing[:3])}{more}")
        return count

    def _recorded(self, path: int) -> list[tuple[str, list[tuple[str, str, Any]]]]:
        """What the result holds of a path: (group, [(variable, fund, value)])."""
        from stress.results.dataset.paths import METRICS
        from stress.results.statistics.simulation_output import PATH_FLAGS

        names, found = (*METRICS, *PATH_FLAGS), []
        assert self.result is not None
        for group in sorted({"tails", "tails_by_trough"} & set(self.result.children)):
            tails = self.result[group].to_dataset()
            ranks, funds = np.nonzero(tails["path_id"].values == np.uint64(path))
            for rank, fund in zip(ranks, funds, strict=True):
                one = tails.isel(rank=int(rank), fund=int(fund))
                found.append((group, [(name, str(one["fund"].values), one[name].values) for name in names]))
        if "paths" in self.result.children:
            kept = self.result["paths"].to_dataset().isel(path=path)
            if int(kept["path"].values) != path:
                raise DamagedRun(f"{self.out} does not hold its paths in order")
            values = [(n, str(f), kept[n].values[i]) for n in names for i, f in enumerate(kept["fund"].values)]
            found.append(("paths", [*values, ("fund_loss", SYSTEM, kept["system_loss"].values)]))
        return found


def largest_gap(recorded: RecordedPath, precision: str) -> tuple[float, float]:
    """How far the recording is from the path: the largest gap of any figure over max(1, gross, |figure|).

    A default or the step of a first call that differs is an infinite gap.

    Returns:
        The gap, and the largest that is allowed in this precision.
    """
    from stress.engine.detail.invariants import LARGEST_RESIDUAL

    ours, theirs = recorded.metrics, recorded.outcome
    if not np.array_equal(ours.first_call_step, theirs.first_call_step):
        return np.inf, LARGEST_RESIDUAL[precision]
    if not np.array_equal(ours.defaulted, theirs.defaulted):
        return np.inf, LARGEST_RESIDUAL[precision]
    members = recorded.problem.funds.nav[:, None] * recorded.moments.gross.max(axis=(0, 1))[:, None]
    usd = np.bincount(recorded.group_of, members[:, 0], len(recorded.groups))
    gross = np.append(usd, usd.sum()) / recorded.group_nav
    gaps = [0.0]
    for name, values in theirs.metrics.items():
        scale = np.maximum(np.maximum(gross, np.abs(values[:, 0])), 1.0)
        gaps.append(float(np.max(np.abs(ours.metrics[name][:, 0] - values[:, 0]) / scale)))
    return max(gaps), LARGEST_RESIDUAL[precision]
