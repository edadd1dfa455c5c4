"""Processes of a simulated world, as threads of which one goes on at a time; who does, and what befalls it, is chance.

Time passes when all wait, and a little with each step. A process that dies does nothing more, whatever its code tries.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

STEP = 0.01  # seconds


class Died(BaseException):
    """The process was killed, or its machine stopped."""


class Process:
    """One command on one machine.

    Attributes:
        pid: its number.
        machine: where it runs.
        wakes: when it goes on, in seconds of the world.
        claim: that it has made.
        frozen: it neither works nor gives signs of life until then.
    """

    def __init__(self, pid: int, machine: str, starts: float, work: Callable[[], None]) -> None:
        self.pid, self.machine, self.wakes, self.frozen, self.work = pid, machine, starts, 0.0, work
        self.dead = self.over = self.started = False
        self.beats: list[Callable[[], None]] = []
        self.claim: Any = None
        self.turn = threading.Semaphore(0)


class Schedule:
    """The processes of a world, and its time.

    Attributes:
        now: seconds since it began.
        current: who is at work, if anybody.
    """

    def __init__(self, chance: random.Random, beat: float) -> None:
        self.now, self.calm = 0.0, False
        self._chance, self._beat, self._back = chance, beat, threading.Semaphore(0)
        self.current: Process | None = None
        self.processes: list[Process] = []
        self._next_beat = beat

    def step(self, often: float = 0.2) -> None:
        """The current process may have to wait here for others."""
        process = self.current
        if process is None:
            return
        if process.dead:
            raise Died
        if self.calm:
            return
        self.now += STEP
        if process.wakes > self.now:
            self.sleep(process.wakes - self.now)
        elif self._chance.random() < often and self._others(self.now):
            self._pause(process)

    def sleep(self, seconds: float) -> None:
        """The current process waits."""
        if self.current is not None and self.current.dead:
            raise Died
        if self.calm or self.current is None:
            self._pass_time(self.now + seconds)
            return
        self.current.wakes = self.now + seconds
        if self._others(self.current.wakes):
            self._pause(self.current)
        else:
            self._pass_time(self.current.wakes)

    def _others(self, until: float) -> bool:
        """Whether anybody else goes on by then."""
        return any(
            not process.over and process is not self.current and (process.wakes <= until or process.dead)
            for process in self.processes
        )

    def freeze(self, process: Process, seconds: float) -> None:
        """A process stands still, its signs of life too."""
        process.wakes = process.frozen = self.now + seconds

    def run(self, most: int) -> None:
        """Let all processes come to their end.

        Raises:
            AssertionError: that takes more than so many turns.
        """
        for _ in range(most):
            left = [process for process in self.processes if not process.over]
            if not left:
                return
            ready = [process for process in left if process.wakes <= self.now or process.dead]
            if not ready:
                self._pass_time(min(process.wakes for process in left))
                continue
            self._give_turn(self._chance.choice(ready))
        raise AssertionError("the processes do not come to an end")

    @contextmanager
    def undisturbed(self, process: Process | None) -> Iterator[None]:
        """What is done here is done at once, in the name of a process or of nobody."""
        before, calm = self.current, self.calm
        self.current, self.calm = process, True
        try:
            yield
        finally:
            self.current, self.calm = before, calm

    def _pass_time(self, until: float) -> None:
        while self._next_beat <= until:
            self.now = max(self.now, self._next_beat)
            self._next_beat += self._beat
            for process in self.processes:
                if process.started and not (process.dead or process.over or process.frozen > self.now):
                    with self.undisturbed(process):
                        for beat in list(process.beats):
                            beat()
        self.now = max(self.now, until)

    def _give_turn(self, process: Process) -> None:
        self._pass_time(self.now)
        self.current = process
        if process.started:
            process.turn.release()
        elif process.dead:
            process.over = True
            return
        else:
            process.started = True
            threading.Thread(target=self._live, args=(process,), daemon=True).start()
        self._back.acquire()
        self.current = None

    def _live(self, process: Process) -> None:
        try:
            process.work()
        finally:
            process.over = True
            self._back.release()

    def _pause(self, process: Process) -> None:
        self._back.release()
        process.turn.acquire()
        if process.dead:
            raise Died
