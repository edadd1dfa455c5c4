"""What a run gathers has to fit together: work that is lost, done twice or mixed up ends it with exit 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from stress.engine import gatherer as gathering
from stress.engine import simulator
from stress.engine.accounting import check_tails, check_totals, check_worst
from stress.engine.chunk_simulator import ChunkSimulator
from stress.engine.chunks import Chunk
from stress.engine.exact_quantiles import exact_quantiles
from stress.engine.gatherer import Gatherer, final_values
from stress.engine.path_tables import select_paths
from stress.engine.sizes import devices_for
from stress.engine.totals import SCALARS, State, Totals
from stress.errors import InvariantFailed
from stress.options import RunOptions
from stress.results.statistics.simulation_output import DISTRIBUTED, PATH_METRICS, Distribution, Tail
from tiny import make_problem

PATHS, CHUNK = 1_300, Chunk(0, 1_300)
PROBLEM = replace(make_problem(steps=4, shocks={"scale": 3.5}, cascade={"max_participation": 0.05}), outside={})
ROWS, BROKERS = len(PROBLEM.funds.types) + 1, len(PROBLEM.funds.brokers)


@pytest.fixture(scope="module")
def programs() -> ChunkSimulator:
    options = RunOptions(paths=PATHS, seed=5, devices=1, block_size=256, store="paths")
    return ChunkSimulator(PROBLEM, options, devices_for(PROBLEM, options))


@pytest.fixture(scope="module")
def sound(programs: ChunkSimulator) -> Gatherer:
    found = programs.gatherer()
    programs.simulate(CHUNK, found)
    found.check(PATHS)
    return found


def state(sound: Gatherer) -> State:
    return {name: values.copy() for name, values in sound.totals.state().items()}


def totals_of(state: State) -> Totals:
    found = Totals(ROWS, BROKERS)
    found.add_state(state)
    return found


def test_every_count_of_the_example_says_something(sound: Gatherer) -> None:
    for name, counts in sound.totals.counts.items():
        assert (counts > 0).any(), name
        assert (counts < PATHS).any(), name


def test_without_forced_flow_none_of_it_is_beyond_depth() -> None:
    assert Gatherer(ROWS, BROKERS, 8, store_paths=False).flow_share() == 0.0


def last_one_left(take: Callable[..., Any]) -> Callable[..., Any]:
    """The last path that waits for its sales is never simulated."""

    def wrong(self: Any, most: int) -> Any:
        ids, static = take(self, most)
        return (ids, static) if self.count else (ids[:-1], static[:, :-1])

    return wrong


def test_every_number_of_waiting_paths_is_simulated(programs: ChunkSimulator) -> None:
    """From a single path on, so that the last call has one path waiting, or none."""
    waiting = set()
    for paths in range(1, 40):
        found = programs.gatherer()
        programs.simulate(Chunk(0, paths), found)
        waiting.add(int(found.totals.counts["margin_call"][-1]))
    assert {1, 2, 3} <= waiting


def one_twice(take: Callable[..., Any]) -> Callable[..., Any]:
    def wrong(self: Any, most: int) -> Any:
        ids, static = take(self, most)
        return (ids, static) if self.count else (np.append(ids, ids[:1]), np.hstack([static, static[:, :1]]))

    return wrong


@pytest.mark.parametrize(("wrong", "counted"), [(last_one_left, "1,299"), (one_twice, "1,301")])
def test_a_waiting_path_that_is_not_simulated_once(
    wrong: Any, counted: str, programs: ChunkSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator._Sellers, "take", wrong(simulator._Sellers.take))
    with pytest.raises(
        InvariantFailed, match=rf"paths 0 to 1299: .* fund_loss of row 1 of 5 counts {counted} of 1,300"
    ):
        programs.simulate(CHUNK, programs.gatherer())


def test_a_call_that_is_taken_in_twice(programs: ChunkSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    run = simulator.Simulator.run

    def wrong(self: Any, ids: Any) -> Iterator[Any]:
        every = list(run(self, ids))
        yield from [*every, every[0]]

    monkeypatch.setattr(simulator.Simulator, "run", wrong)
    with pytest.raises(InvariantFailed, match="of 1,300 paths"):
        programs.simulate(CHUNK, programs.gatherer())


@pytest.mark.parametrize("forgets", [True, False])
def test_memory_that_runs_out_in_the_middle_of_a_chunk(
    forgets: bool, programs: ChunkSimulator, sound: Gatherer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the chunk is there already: it is forgotten, or else its paths would stand in it twice."""
    run, failed = simulator.Simulator.run, list[int]()

    def out_of_memory_once(self: Any, ids: Any) -> Iterator[Any]:
        for number, finished in enumerate(run(self, ids)):
            if number == 3 and not failed:
                failed.append(number)
                raise RuntimeError("RESOURCE_EXHAUSTED: out of memory while allocating")
            yield finished

    halving = ChunkSimulator(PROBLEM, programs.options, replace(programs.devices, tile=programs.devices.tile))
    halving.tiles, halving.simulator = 2, programs.simulator
    monkeypatch.setattr(simulator.Simulator, "run", out_of_memory_once)
    found = halving.gatherer()
    if not forgets:  # what stands in the tails and tables stays; the totals begin anew
        monkeypatch.setattr(Gatherer, "drop_chunk", lambda self, *_: setattr(self, "_chunk", Totals(ROWS, BROKERS)))
        halving.simulate(CHUNK, found)
        with pytest.raises(InvariantFailed, match="paths twice"):
            found.check(PATHS)
        return
    halving.simulate(CHUNK, found)
    found.check(PATHS)
    assert failed
    for name, values in found.totals.state().items():
        np.testing.assert_array_equal(values, sound.totals.state()[name])


def test_a_chunk_that_is_missing_or_there_twice(programs: ChunkSimulator) -> None:
    halves = [programs.simulate(Chunk(*ends), programs.gatherer()) for ends in ((0, 700), (700, PATHS))]
    for states, says in ((halves, ""), (halves[:1], "700 of 1,300"), ([*halves, halves[0]], "2,000 of 1,300")):
        found = programs.gatherer()
        for one in states:
            found.add_chunk(one)
        if not says:
            found.check(PATHS)
            continue
        with pytest.raises(InvariantFailed, match=f"the run: the histogram of fund_loss of row 1 of 5 counts {says}"):
            found.check(PATHS)


def test_the_second_pass_has_the_paths_of_the_first(programs: ChunkSimulator, sound: Gatherer) -> None:
    """Tails cut short, so that there is a second pass, from which one path is missing where it matters."""
    loss = sound.distributions()[0]["fund_loss"]
    short = [replace(one, tail=Tail(one.tail.values[:3], one.tail.path_ids[:3])) for one in loss]

    def passed(missing: int) -> Callable[[], Iterator[tuple[int, Any]]]:
        def again() -> Iterator[tuple[int, Any]]:
            for finished in programs.simulator.run(PATHS):
                for name, values in final_values(finished):
                    if name == "fund_loss":
                        yield 0, np.sort(values, axis=1)[:, : values.shape[1] - missing]

        return again

    refined = exact_quantiles(short, ("0.95",), passed(0))
    assert all(one.windows for one in refined)
    with pytest.raises(InvariantFailed, match=r"\d+ paths around a quantile in the second pass, \d+ in the first"):
        exact_quantiles(short, ("0.95",), passed(40))


def test_stored_paths_are_all_of_them_once(sound: Gatherer, monkeypatch: pytest.MonkeyPatch) -> None:
    table = sound.stored()
    assert table is not None
    for ids in (np.append(np.arange(PATHS - 1), PATHS - 2), np.arange(PATHS - 1)):
        other = replace(select_paths(table, ids.astype(np.uint64)), path_ids=ids.astype(np.uint64))
        monkeypatch.setattr(gathering, "joined", lambda _, other=other: other)
        with pytest.raises(InvariantFailed, match="the paths stored are not those from 0 to 1299"):
            sound.check(PATHS)


def plus(name: str, at: Any, much: float) -> Callable[[State], None]:
    def tamper(state: State) -> None:
        if name.startswith("sum_"):
            state[name][(1, *np.atleast_1d(at))] += int(much * 2**32)
        else:
            state[name][at] = state[name][at] + much

    return tamper


def metric(name: str) -> int:
    return PATH_METRICS.index(name)


def moved(state: State) -> None:
    """A path of one histogram goes to the next one."""
    first = int(np.flatnonzero(state["bins_used"] // Totals(1, 0).histogram.bins == 1)[0])
    state["bins_count"][first] += 1
    state["bins_count"][first - 1] -= 1


def less_than_nothing(state: State) -> None:
    """A path is taken from a bin that has none, and put beside it."""
    state["bins_count"][0], state["bins_count"][1] = -1, state["bins_count"][0] + state["bins_count"][1] + 1


def swapped(state: State) -> None:
    """Counts of calls and defaults in each other's place."""
    for one, other in (("margin_call", "default"), ("called_over", "defaulted_over")):
        state[f"count_{one}"], state[f"count_{other}"] = state[f"count_{other}"], state[f"count_{one}"]


TAMPERED: dict[str, tuple[Callable[[State], None], str]] = {
    "bins below zero": (less_than_nothing, "a bin counts less than nothing"),
    "bins": (moved, "the histogram of fund_loss of row 1 of 5 counts"),
    **{
        f"sum of {name}": (plus("sum_sums", (metric(name), 2), 20.0), f"the sum of {name} of row 3 of 5 is")
        for name in DISTRIBUTED
    },
    **{
        f"squares of {name}": (
            plus("sum_squares", (metric(name), 1), 20.0),
            f"the sum of squares of {name} of row 2 of 5 is",
        )
        for name in DISTRIBUTED
    },
    "products": (plus("sum_cross", (3,), 1e3), "products of fund_loss and fund_loss_static of row 4 of 5"),
    "brokers' sum": (plus("sum_broker_sums", (1,), 1.0), "the sum of broker_loss of broker 2 of 2"),
    "brokers' squares": (plus("sum_broker_squares", (0,), 1.0), "the sum of squares of broker_loss of broker 1 of 2"),
    "flows": (plus("sum_flows", (1,), 1e6), "flow beyond a day's depth"),
    "large losses": (plus("count_loss_over_20pct", 1, 40), "the count loss_over_20pct of row 2"),
    "fewer large losses": (plus("count_loss_over_20pct", 1, -40), "the count loss_over_20pct of row 2"),
    "brokers' losses": (plus("count_broker_loss", 0, -1), "the count broker_loss of row 1"),
    "calls": (plus("count_margin_call", 4, PATHS), "the count margin_call of row 5"),
    "calls of funds": (plus("count_margin_call", slice(0, 4), PATHS), "margin_call of the system"),
    "no default of the system": (plus("count_default", 4, -1_000), "the count default of row 5"),
    "shares called": (plus("sum_sums", (metric("called_share"), 1), PATHS), "called_share is larger than the count"),
    "shares in default": (plus("sum_sums", (metric("defaulted_share"), 1), PATHS), "defaulted_share is larger"),
    "calls over a share": (plus("count_called_over", (5, 1), PATHS), "paths are called over a larger share"),
    "defaults over a share": (plus("count_defaulted_over", (0, 2), PATHS), "paths are defaulted over a larger share"),
    "calls for defaults": (swapped, "is larger than the count"),
    "clipped draws": (plus("scalars", SCALARS.index("draws_clipped"), -(10**6)), "clipped draws"),
    "round limit": (plus("scalars", SCALARS.index("paths_at_round_limit"), 10**6), "paths at the round limit"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_totals_that_contradict_each_other(name: str, sound: Gatherer) -> None:
    tamper, says = TAMPERED[name]
    other = state(sound)
    check_totals(totals_of(other), PATHS, "the run")
    tamper(other)
    with pytest.raises(InvariantFailed, match=says):
        check_totals(totals_of(other), PATHS, "the run")


@pytest.mark.parametrize("wrong", ["a path twice", "a path less", "another path", "other values"])
def test_a_tail_that_is_not_that_of_its_histogram(wrong: str, sound: Gatherer) -> None:
    one = sound.distributions()[0]["fund_loss"][0]

    def checked(values: Any, ids: Any) -> None:
        check_tails([Distribution(one.histogram, Tail(values, ids))], [300], PATHS)

    values: Any = one.tail.values[:300].copy()
    ids: Any = one.tail.path_ids[:300].copy()
    checked(values, ids)
    if wrong == "a path twice":
        values, ids = (np.insert(x, 100, x[100])[:300] for x in (values, ids))
    elif wrong == "a path less":
        values, ids = values[:-1], ids[:-1]
    elif wrong == "another path":
        ids[7] = PATHS
    else:
        values[:100] *= 1.01
    with pytest.raises(InvariantFailed, match=r"tail 1 of 1: \d+ of 300 values kept"):
        checked(values, ids)


def test_a_worst_path_has_the_loss_that_it_had(programs: ChunkSimulator, sound: Gatherer) -> None:
    one, table = sound.distributions()[0]["trough"][2], sound.stored()
    assert table is not None
    worst = select_paths(table, one.tail.path_ids[:20])
    check_worst(worst, "trough", 2, one)
    worst.metrics["trough"][2, 7] *= 1 + 1e-6
    with pytest.raises(InvariantFailed, match=r"path \d+ simulated once more has a trough of .* \(row 3\)"):
        check_worst(worst, "trough", 2, one)
