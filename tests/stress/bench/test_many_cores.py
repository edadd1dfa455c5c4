"""The model of a machine with many cores, by hand, and the clock that its figures come from."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from rich.console import Console

from checkout import benchmark_script
from stress.bench.many_cores import DEVICES_OF_A_PROCESS, Shared

# Calls of a thousand paths a device; nothing is paid once.
PLAIN = Shared("plain", 8e-6, {"tails": 0.5e-6, "sums": 0.25e-6}, 0.0, 0.0, 0.0, 1e-3, 1_000)


def test_the_host_is_the_bound_from_where_it_takes_as_long_as_the_devices() -> None:
    assert PLAIN.seconds(10) == pytest.approx((0.875e-6, 0.75e-6))
    assert PLAIN.saturates() == 12
    assert replace(PLAIN, host={"tails": 1e-12}).saturates() is None
    assert PLAIN.largest_part() == "tails"


def test_the_devices_wait_while_a_chunk_is_gathered() -> None:
    """Two seconds on one core are 250 calls, of which the last one is gathered while nothing is computed."""
    assert PLAIN.paths_of_chunk(1) == 250_000
    assert PLAIN.rate(1) == pytest.approx(1 / (8.75e-6 + 0.75e-6 / 250))
    assert PLAIN.paths_of_chunk(100) == 2_600_000  # 26 calls, as fast as the host gathers
    assert PLAIN.rate(100) == pytest.approx(1 / (0.75e-6 + 0.75e-6 / 26))
    one_call = replace(PLAIN, device=1.0)
    assert one_call.paths_of_chunk(2) == 2_000


def test_what_is_paid_once_is_shared_by_the_paths_of_a_call_or_of_a_chunk() -> None:
    once = replace(PLAIN, call=1e-3, chunk=0.25, writing=0.5)
    assert once.seconds(1) == pytest.approx((8e-6 + 2.75e-6 + 2e-6, 2.75e-6))
    assert once.seconds(2)[1] == pytest.approx(0.75e-6 + 0.5e-6 + 0.25 / 500_000)
    assert once.rate(1) == pytest.approx(1 / (12.75e-6 + (0.75e-3 + 1e-3 + 0.25) / 250_000))
    assert replace(PLAIN, writing=25.0).rate(100) == pytest.approx(1 / (25.0 / 2_600_000 + 0.75e-6 / 26))


def test_processes_go_on_until_one_of_them_cannot_add_up_what_they_send() -> None:
    each = PLAIN.rate(DEVICES_OF_A_PROCESS)
    assert PLAIN.rate_of_processes(128) == pytest.approx(32 * each)
    assert PLAIN.rate_of_processes(2) == pytest.approx(PLAIN.rate(2))
    assert replace(PLAIN, task=0.25).rate_of_processes(400) == pytest.approx(20 * each)


def test_parts_within_parts_count_once_and_the_table_names_the_bound() -> None:
    module = benchmark_script("many_cores")
    clock = module.Clock()

    def works(seconds: float) -> None:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass

    inner = clock.timed("inner", works)

    def outer() -> None:
        works(0.02)
        inner(0.06)

    clock.timed("outer", outer)()
    assert 0.015 < clock.spent["outer"] < 0.04 < clock.spent["inner"] < 0.1
    console = Console(width=200)
    with console.capture() as shown:
        for table in module.tables([PLAIN]):
            console.print(table)
    assert "12 cores" in shown.get()
    assert "tails" in shown.get()
