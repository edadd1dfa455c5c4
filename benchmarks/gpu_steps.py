"""Steps of several parts within a budget of time: what does not fit is left out and named, the rest kept at once."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Step:
    """One thing to do."""

    part: str
    name: str
    seconds: float  # that it is thought to take, so that it is not begun in vain
    work: Callable[[], Any]  # what it returns, one entry or a list of them, goes into the report under `part`


class Steps:
    """A report that grows by steps.

    Args:
        shares: of the budget, by part, in the order in which they come; parts that are not named are not done.
        budget: seconds of everything.
        out: where the report is written after every step; None: nowhere.
        about: first entries of the report.
        began: when the budget began, by `clock`.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        shares: dict[str, float],
        budget: float,
        out: Path | None,
        about: dict[str, Any],
        began: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget, self.out, self.began, self.clock, self.now = budget, out, began, clock, ""
        self.ends, total = {}, 0.0  # when each part has to be over, in seconds from the beginning
        for part, share in shares.items():
            total += share
            self.ends[part] = total * budget
        self.report: dict[str, Any] = about | {
            **{"budget_seconds": budget, "seconds": {}, "left_out": [], "failed": [], "stopped": ""},
            **{part: list[Any]() for part in ("agreement", *shares)},
        }
        self._lock = threading.Lock()
        self.write()

    def do(self, step: Step) -> None:
        """Do a step, unless its part is not wanted or it would not fit; an error in it is told, and others follow."""
        report, elapsed = self.report, self.clock() - self.began
        if step.part not in self.ends or report["stopped"]:
            return
        left = self.ends[step.part] - elapsed
        if step.seconds > left:
            why = f"{step.seconds:.0f} s needed, {max(left, 0):.0f} s left of the part"
            report["left_out"].append({"part": step.part, "step": step.name, "why": why})
        else:
            self.now = f"{step.part}: {step.name}"
            print(f"{elapsed:6.0f} s  {self.now}", file=sys.stderr, flush=True)
            try:
                found = step.work()
                report[step.part] += found if isinstance(found, list) else [found]
            except Exception as error:  # on a machine that nobody has seen: told, and the other steps still count
                report["failed"].append(
                    {"part": step.part, "step": step.name, "error": f"{type(error).__name__}: {error}"}
                )
            report["seconds"][self.now] = self.clock() - self.began - elapsed
        self.write()

    def stop(self, why: str) -> None:
        """Do none of the steps that are left."""
        self.report["stopped"] = why
        self.write()

    def write(self) -> None:
        """Have the report in its file, whole whenever the process ends."""
        if self.out is None:
            return
        with self._lock:
            new = self.out.with_name(f".{self.out.name}.new")
            new.write_text(json.dumps(self.report, indent=2, allow_nan=False), encoding="utf-8")
            os.replace(new, self.out)

    @contextmanager
    def killed_in_time(self, code: int) -> Iterator[None]:
        """End the process with `code` when the budget is over in the middle of a step; the file has all before it."""

        def end() -> None:
            self.stop(f"the budget of {self.budget:g} s was over in the middle of {self.now}")
            print(f"gpu_suite: {self.report['stopped']}", file=sys.stderr, flush=True)
            os._exit(code)

        timer = threading.Timer(max(0.0, self.began + self.budget - self.clock()), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
