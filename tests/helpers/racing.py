"""Commands that meet in one run directory: the first is held at some point while the second runs, nothing is simulated.

A run is told by its seed: its spec, its blocks and its result say it.
"""

from __future__ import annotations

import copy
import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import typer

from short_desk import short_desk
from stress import api
from stress.cli import exits
from stress.cli.resume import resume as resume_command
from stress.cli.run import run as run_command
from stress.cli.worker import worker as worker_command
from stress.cluster import worker
from stress.engine.chunks import Chunk
from stress.results.files import store
from stress.results.files.durable_write import write_durably
from stress.results.terminal import summary_table
from stress.run_directory import claims, holders, spec
from stress.run_directory.chunk_store import ChunkStore
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.read import loader

PATHS = 4096
HOLDS = (0.3, 10.0)  # seconds; the second where a busy machine takes longer than the first
POINTS = ("claimed", "computing", "sealing")
ATTRIBUTES = {"spec_sha256": "", "model_limits": "[]", "complete": True}


class Held:
    """A point at which the thread that has the name of it waits until it is let go."""

    def __init__(self) -> None:
        self.there, self.go = threading.Event(), threading.Event()

    def reached(self, point: str) -> None:
        if threading.current_thread().name == point:
            self.there.set()
            assert self.go.wait(60)


class Race:
    """Two commands and one directory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.held, self.said, self.met = Held(), dict[str, str](), False
        explain = exits.explain

        def explained(error: BaseException, code: int) -> str:
            self.said[threading.current_thread().name] = text = explain(error, code)
            return text

        take = claims.Claim.take

        def taking(claim: claims.Claim) -> None:
            take(claim)
            self.held.reached("claimed")

        def simulated(problem: Any, options: Any, method: Any, progress: Any, blocks: ChunkStore, other: Any) -> Any:
            self._computed(blocks, Chunk(0, PATHS), options.seed)
            return SimpleNamespace(seed=options.seed, children={})

        def filled(blocks: ChunkStore, problem: Any, options: Any, method: Any, shard: Chunk, report: Any) -> int:
            self._computed(blocks, shard, options.seed)
            return 0

        monkeypatch.setattr(os, "fsync", lambda handle: None)  # not what is tried here
        monkeypatch.setattr(exits, "explain", explained)
        monkeypatch.setattr(claims.Claim, "take", taking)
        monkeypatch.setattr(claims, "PATIENCE", 0.02)
        monkeypatch.setattr(claims, "LOOK", 0.01)
        monkeypatch.setattr(holders, "LOOK", 0.01)
        monkeypatch.setattr(api, "_whole", simulated)
        monkeypatch.setattr(worker, "_fill", filled)
        monkeypatch.setattr(store, "write_run", self._written)
        monkeypatch.setattr(summary_table, "summary_table", lambda tree: "")
        monkeypatch.setattr(loader, "load_scenario", lambda *_: SCENARIO)
        monkeypatch.setattr(spec, "spec_of", spec_of)
        monkeypatch.setattr(worker, "spec_of", spec_of)

    def _computed(self, blocks: ChunkStore, chunk: Chunk, seed: int) -> None:
        blocks.write(chunk, {"seed": np.array(seed)})
        blocks.flush()
        blocks.close()
        self.held.reached("computing")

    def _written(self, tree: Any, spec: Any, out: Path, overwrite: bool, **more: Any) -> None:
        def write(folder: Path) -> None:
            folder.mkdir()
            write_durably(folder / "zarr.json", json.dumps({"attributes": ATTRIBUTES | {"seed": tree.seed}}).encode())
            self.held.reached("sealing")

        store.seal(spec, out, write, overwrite, **more)

    def command(self, name: str, out: str, seed: int) -> int:
        """Carry out a command; its exit code."""
        try:
            COMMANDS[name](out, seed)
        except typer.Exit as error:
            return error.exit_code
        except BaseException as error:
            code = exits.exit_code(error)
            exits.explain(error, code)
            return code
        return 0

    def meet(self, first: str, point: str, second: str, out: str, hold: float) -> tuple[int, int, str, str]:
        """Hold the first command at a point, carry out the second, let the first go on, after so many seconds at the
        latest: both codes, what both said. `met` is then true where the first was held until the second had ended.
        """
        codes: list[int] = []
        one = threading.Thread(target=lambda: codes.append(self.command(first, out, 1)), name=point)
        one.start()
        try:
            while not self.held.there.wait(0.05):
                assert one.is_alive(), f"{first} did not come to {point}: {self.said}"
            letting_go = threading.Timer(hold, self.held.go.set)  # a second one that seals waits for the first
            letting_go.start()
            code = self.command(second, out, 2 if second in ALONE else 1)
            letting_go.cancel()
            self.met = not self.held.go.is_set()
        finally:
            self.held.go.set()
            one.join()
        return codes[0], code, self.said.get(point, ""), self.said.get(threading.current_thread().name, "")


SCENARIO = short_desk()
problem = cache(lambda: build_problem(SCENARIO))
REAL = spec.spec_of
_specs: dict[Any, dict[str, Any]] = {}


def spec_of(problem: Any, options: Any, method: None = None) -> dict[str, Any]:
    """The real spec, made once for each choice."""
    key = replace(options, devices=None, max_memory=None)
    if key not in _specs:
        _specs[key] = REAL(problem, options)
    return copy.deepcopy(_specs[key])


def _run(**more: Any) -> Callable[[str, int], None]:
    return lambda out, seed: run_command("desk", paths=PATHS, seed=seed, out=out, quiet=True, **more)


def _api(**more: Any) -> Callable[[str, int], None]:
    return lambda out, seed: void(api.run(problem(), paths=PATHS, seed=seed, out=out, **more))


def void(_: Any) -> None:
    """Nothing."""


COMMANDS: dict[str, Callable[[str, int], None]] = {
    "run": _run(),
    "run --overwrite": _run(overwrite=True),
    "run --prepare": _run(prepare=True),
    "stress.run": _api(),
    "stress.run(overwrite)": _api(overwrite=True),
    "run --resume": _run(resume=True),
    "run --prepare --resume": _run(prepare=True, resume=True),
    "resume": lambda out, seed: resume_command(out, quiet=True),
    "worker": lambda out, seed: worker_command(out, quiet=True),
}
ALONE = ("run", "run --overwrite", "run --prepare", "stress.run", "stress.run(overwrite)")
SHARING = tuple(name for name in COMMANDS if name not in ALONE)
BEFORE = {  # what has to be there for a command that comes first, made with the seed it will have, or another
    "run --overwrite": ("run", 3),
    "stress.run(overwrite)": ("run", 3),
    "run --resume": ("run --prepare", 1),
    "run --prepare --resume": ("run --prepare", 1),
    "resume": ("run --prepare", 1),
    "worker": ("run --prepare", 1),
}
PASSES = {name: POINTS for name in COMMANDS} | {
    "worker": POINTS[:2],
    "run --prepare": POINTS[:1],
    "run --prepare --resume": POINTS[:1],
}
