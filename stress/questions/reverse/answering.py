"""From a scenario and an event to the answer: plain run, starts, search, and what the shocks found are like."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from stress.compile.matrices import group_nav
from stress.engine.devices import Devices
from stress.engine.runner import groups_in_file_order
from stress.engine.sizes import devices_for
from stress.errors import InvariantFailed
from stress.options import RunOptions
from stress.questions.lean import run_lean
from stress.questions.limit_grammar import SYSTEM
from stress.questions.reverse.crossing import leaves_again, unit, within
from stress.questions.reverse.days import on_other_days, search_days
from stress.questions.reverse.event import MEASURES, Event, Judge, loss_beyond, names_of
from stress.questions.reverse.paths import GUIDES, GivenPaths
from stress.questions.reverse.search import Found
from stress.questions.reverse.starts import from_breaking, from_slopes
from stress.questions.reverse.stories import told
from stress.results.answers.reverse.found import Reverse, Shock
from stress.results.statistics.simulation_output import SimulationOutput
from stress.scenarios.errors import ScenarioError
from stress.scenarios.problem import Problem

Floats = npt.NDArray[np.float64]
Says = Callable[[str], None]
LEVEL = 0.999  # of the system's VaR that is asked about where nothing is said
FEWEST_BEYOND = 20  # paths beyond that VaR
MOST_BREAKING = 2000  # paths whose normals are looked at
SMALLER = 1e-4  # relative: a shock that much smaller is held against each one found
DIGITS = 10  # significant ones of a simple return, so that a script says what was found


def answer(
    problem: Problem, event: Event | None, options: RunOptions, answers: int, stories: int, says: Says
) -> Reverse:
    """The answer, without provenance; raises what `stress.reverse` does."""
    says(f"plain run of {options.paths:,} paths")
    output = run_lean(problem, options, says)
    chosen = ""
    if event is None:
        event, chosen = _own_tail(output)
    with jax.enable_x64(options.precision == "float64"):
        return _Asked(problem, event, options, devices_for(problem, options), says).answer(
            output, chosen, answers, stories
        )


def _own_tail(output: SimulationOutput) -> tuple[Event, str]:
    """The event that the system loses more than its VaR, and why it is asked about."""
    assert output.stored is not None  # of a lean run
    level = min(LEVEL, 1.0 - FEWEST_BEYOND / output.paths)
    var = float(np.quantile(output.stored.metrics["fund_loss"][-1], level, method="higher"))
    if var <= 0.0:
        raise ScenarioError(
            f"has no loss of the system at {100 * level:.4g} %",
            file=output.problem.name,
            key="limit",
            value=None,
            allowed="a limit, such as 'loss(system) > 1 %'",
        )
    return loss_beyond(SYSTEM, float(f"{var:.4g}")), f"the system's VaR at {100 * level:.4g} %, as no limit was given"


class Plain(NamedTuple):
    """On how many paths of the plain run it happened, and what these are like."""

    paths: int
    hits: int
    moves: Floats  # (breaking path, step, asset) log returns
    normals: Floats  # (breaking path, step, row)


class _Asked:
    """One event of one scenario."""

    def __init__(self, problem: Problem, event: Event, options: RunOptions, devices: Devices, says: Says) -> None:
        self.problem, self.event, self.options, self.devices, self.says = problem, event, options, devices, says
        self.nav = group_nav(problem, options.members, groups=True)
        self.judge = Judge(event, problem, options.members, self.nav)
        self.paths = GivenPaths(problem, options, devices, says)
        self.shape, self.simulated = self.paths.shape, 0
        self.guide = MEASURES.get(event.measure, "fund_loss")
        if self.guide not in GUIDES:
            self.guide = "fund_loss"

    def answer(self, output: SimulationOutput, chosen: str, answers: int, stories: int) -> Reverse:
        """Everything about it."""
        rest = np.zeros((1, self.shape.size))
        if self.happens(rest)[0]:
            raise ScenarioError(
                "happens on the path without any shock already",
                file=self.problem.name,
                key="limit",
                value=self.event.text,
                allowed="what a shock is needed for",
            )
        plain = self._plain(output)
        slopes = self.paths.slopes(self._moves(rest)[0])
        starts = self._starts(plain, rest[0], slopes)
        self.says("searching")
        found = search_days(self.happens, self._ways, self.shape, starts, answers, self.options.seed)
        shocks = tuple(self._shock(one) for one in found)
        return Reverse(
            problem=self.problem,
            event=self.event.text,
            measure=self.event.measure,
            who=self.event.who,
            bound=self.event.bound,
            chosen=chosen,
            size=self.shape.size,
            shocks=shocks,
            paths=plain.paths,
            hits=plain.hits,
            mean_moves=self._simple(plain.moves).mean(axis=0) if len(plain.moves) else None,
            mean_norm=float(np.linalg.norm(plain.normals.mean(axis=0))) if len(plain.normals) else np.nan,
            rows=names_of(self.problem, self.options.members),
            funds_file_order=groups_in_file_order(self.problem, self.options.members),
            nav=self.nav,
            simulated=self.simulated,
            stories=told(self.problem, self.options, self.devices, self.event, shocks[:stories], self.says),
            attrs={"device": self.devices.describe(), "tile": self.paths.tile},
        )

    def happens(self, normals: Floats) -> npt.NDArray[np.bool_]:
        """Whether it happens, (path, size) -> (path,)."""
        self.simulated += len(normals)
        return self.judge.happens(self.paths.through(self._moves(normals)))

    def _moves(self, normals: Floats) -> Floats:
        return self.paths.moves(normals.reshape(-1, self.shape.steps, self.shape.rows))

    def _simple(self, moves: Floats) -> Floats:
        """Log returns of draws, (..., step, asset), as simple returns with the script in them."""
        return np.asarray(np.expm1(moves + np.log1p(self.problem.shocks.script)))

    def _ways(self, normals: Floats) -> Floats:
        """Slopes of losses that lead to the event, (guide, size)."""
        slopes = self.paths.slopes(self._moves(normals[None])[0])
        point = normals.reshape(self.shape.steps, self.shape.rows)
        names = dict.fromkeys((self.guide, "fund_loss_static", *(() if self.event.smooth else ("trough",))))
        return np.stack([self.paths.pulled_back(point, slopes[name][self.judge.row]).ravel() for name in names])

    def _plain(self, output: SimulationOutput) -> Plain:
        whole = output.of_groups.get(self.event.who, output)
        table = whole.stored
        assert table is not None  # of a lean run
        mine = Judge(self.event, self.problem, self.options.members, self.nav)
        rows = (*whole.groups, SYSTEM)
        mine.row = len(rows) - 1 if self.event.who in output.of_groups else rows.index(self.event.who)
        metrics = {**table.metrics, "first_call_step": table.first_call_step, "defaulted": table.defaulted}
        breaking = table.path_ids[mine.happens(metrics)]
        few = breaking[:MOST_BREAKING]
        if not len(few):
            return Plain(output.paths, 0, np.zeros((0, *self.problem.shocks.script.shape)), np.zeros((0, 0, 0)))
        normals = self.paths.drawn(few)
        return Plain(output.paths, len(breaking), self.paths.moves(normals).astype(np.float64), normals)

    def _starts(self, plain: Plain, rest: Floats, slopes: dict[str, Floats]) -> list[tuple[str, Floats]]:
        point = rest.reshape(self.shape.steps, self.shape.rows)
        names, who = names_of(self.problem, self.options.members), self.event.who
        rows = [self.judge.row]
        if not self.event.smooth and who == SYSTEM:
            rows += list(range(len(names) - 1))
        elif not self.event.smooth and who in self.problem.fund_groups:
            rows += [names.index(name) for name in self.problem.fund_groups[who] if name in names]
        by_book = np.array([self.paths.pulled_back(point, slopes["fund_loss"][row]) for row in rows])
        starts = [("the book's slopes", from_slopes(self.shape, by_book))]
        if len(plain.normals):
            mine = slopes["fund_loss"][self.judge.row]
            starts.append(("paths that break", from_breaking(self.shape, plain.normals, plain.moves, mine)))
        return starts

    def _shock(self, found: Found) -> Shock:
        """What a shock found is like, its moves as they would be typed."""
        direction, norm = unit(found.normals), found.norm
        for beyond in (0.0, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4):  # typed with so many digits it may fall short by a hair
            normals = within(direction * norm * (1.0 + beyond))
            draws = self._moves(normals[None])[0]
            moves = _typed(self._simple(draws))
            metrics = self.paths.scripted(moves)
            if self.judge.happens(metrics)[0]:
                break
        else:
            raise InvariantFailed(f"the shock found for {self.event.text} does not bring it about as a script")
        below = self.paths.through(self._moves(within(direction * norm * (1.0 - SMALLER))[None]))
        slopes, news = self.paths.slopes(draws), np.log1p(moves)
        unit_usd = self.nav[self.judge.row] if self.event.in_usd else 1.0
        days, total = self._other_days(direction, norm)
        row = self.judge.row
        return Shock(
            norm=float(np.linalg.norm(normals)),
            step_norm=np.linalg.norm(normals.reshape(self.shape.steps, -1), axis=1),
            moves=moves,
            contribution=(slopes["fund_loss"][row] * news).sum(axis=0),
            contribution_static=(slopes["fund_loss_static"][row] * news).sum(axis=0),
            amount=float(self.judge.amounts(metrics)[0]) * unit_usd,
            amount_below=float(self.judge.amounts(below)[0]) * unit_usd,
            happens_below=bool(self.judge.happens(below)[0]),
            leaves_again=leaves_again(self.happens, direction, norm * (1.0 + beyond)),
            days=days,
            prob_days=total,
            start=found.start,
            metrics={
                name: np.asarray(values[:, 0], np.float64)
                for name, values in metrics.items()
                if values.ndim == 2 and len(values) == len(self.nav)
            },
            first_call_step=np.asarray(metrics["first_call_step"][:, 0], np.int64),
            defaulted=np.asarray(metrics["defaulted"][:, 0], bool),
        )

    def _other_days(self, direction: Floats, norm: float) -> tuple[int, float]:
        """On how many days the shock brings it about, as far as these differ, and their probabilities together."""
        _, radii = on_other_days(self.happens, self.shape, direction, norm)
        reached = [float(radius) for radius in radii if np.isfinite(radius)]
        return 1 + len(reached), float(ndtr(-norm) + sum(ndtr(-max(radius, norm)) for radius in reached))


def _typed(moves: Floats) -> Floats:
    """Simple returns to DIGITS significant digits."""
    return np.array([float(f"{move:.{DIGITS}g}") for move in moves.ravel()]).reshape(moves.shape)
