"""One world: a directory, a few commands that meet in it, what goes wrong, and what must hold afterwards."""

from __future__ import annotations

import errno
import os
import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from stress.results.files.store import RESULT, SPEC, UnfinishedRun
from stress.run_directory.chunk_store import FOLDER, chunk_of
from stress.run_directory.claims import BEAT, InUse
from stress.run_directory.location import location_of
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import OtherRun
from stress.run_directory.writing import CannotWrite
from world import commands
from world.bucket import Bucket
from world.commands import Cheated
from world.disk import Disk
from world.schedule import Died, Process, Schedule

URL = "s3://bucket/run"
ENDS = (OSError, InUse, OtherRun, UnfinishedRun, RuntimeError, KeyboardInterrupt)  # as a command may, and say why
FOREIGN = {SPEC: b'{"mine": 1}', f"{FOLDER}/mine": b"1", f"{RESULT}/zarr.json": b'{"attributes": {}}'}
OF_A_DISK = ("die", "crash", "crash", "full", "error", "freeze", "jump", "rot")
OF_A_STORE = ("die", "die", "fails", "answer lost", "twice", "freeze", "jump")
LAST_STEP = 260
MOST_STEPS = 5_000


class World:
    """What follows from one seed; see `world.afterwards.check`.

    Attributes:
        seed: of everything.
        kind: "disk" of one machine, a "share" of two, or a "store".
    """

    def __init__(self, seed: int, root: Path) -> None:
        self.seed, self.chance = seed, random.Random(seed)
        self.kind = self.chance.choice(("disk", "disk", "share", "store"))
        self.root, self.prefix, self.handles = root, str(root), dict[int, tuple[Path, int]]()
        for path in root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.schedule, self.disk = Schedule(self.chance, BEAT), Disk(root, self.chance)
        self.bucket = Bucket(self._asked, self._back)
        self.jumps = {"a": 0.0, "b": self.chance.choice((0.0, 3600.0, -3600.0))}
        self.notes: list[tuple[float, int, str, int]] = []
        self.inside: dict[int, tuple[str, Process]] = {}
        self._steps, self._full, self._tokens = 0, 0, 0
        kinds = OF_A_STORE if self.kind == "store" else OF_A_DISK
        self._faults = {
            self.chance.randint(1, LAST_STEP): self.chance.choice(kinds)
            for _ in range(self.chance.choice((0, 1, 2, 3)))
        }
        self.foreign = self.chance.choice(list(FOREIGN)) if self.chance.random() < 0.05 else None
        self.cheated: list[str] = []
        self.rotten, self.slow = False, self.chance.random() < 0.4
        self.ended: dict[int, float] = {}

    def location(self) -> RunLocation:
        """The directory, as a process sees it."""
        return location_of(URL if self.kind == "store" else self.root / "run")

    # What the patched calls ask

    def befalls(self, what: str, path: Path) -> str | None:
        """A step of the current process; what goes wrong with it, if it is not raised here."""
        process = self.schedule.current
        if process is None or self.schedule.calm:
            return None
        if process.dead:
            raise Died
        self._steps += 1
        if self._steps > MOST_STEPS:
            process.dead = True
            self.cheated.append(f"process {process.pid} does not come to an end")
        fault = self._faults.get(self._steps)
        if fault == "crash" and self.kind == "disk":
            self._crash()
        elif fault == "rot":
            self._rot()
        elif fault == "die":
            process.dead = True
        elif fault == "full":
            self._full = self._steps + 12
        elif fault == "freeze":
            self.schedule.freeze(process, 5.0 if self._cannot_be_fenced(process) else self.chance.choice((5.0, 100.0)))
        elif fault == "jump":
            self.jumps[process.machine] += self.chance.choice((-1e5, 60.0, 1e5))
        elif fault == "error" and what != "unlink":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if self._steps < self._full and what in ("open", "write", "mkdir", "fsync"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.schedule.step()
        return fault

    def _crash(self) -> None:
        """The machine's power goes."""
        for one in self.schedule.processes:
            one.dead = one.dead or one.started
        with self.schedule.undisturbed(None):
            self.disk.crash()

    def _rot(self) -> None:
        """A byte of a block changes."""
        for path in sorted((self.root / "run" / FOLDER).glob("*.npz"))[:1]:
            content = bytearray(path.read_bytes())
            content[self.chance.randrange(len(content))] ^= 16
            path.write_bytes(content)
            self.rotten = True

    def _cannot_be_fenced(self, process: Process) -> bool:
        """Whether a process that stood still for too long would do harm: what the docs say of claims as their limit."""
        makes_room = process.claim is not None and process.claim.is_taken and process.pid not in self.inside
        seals = any(pid == process.pid and what.startswith("kept") for _, pid, what, _ in self.notes)
        return makes_room or (seals and self.kind == "store")

    def _asked(self, what: str, path: str) -> str | None:
        return self.befalls(what, Path(path))

    def _back(self) -> int:
        return 0 if self.schedule.calm else self.chance.choice((0, 0, 0, 1, 2))

    def clock(self) -> float:
        """What the current process's machine takes the time for."""
        current = self.schedule.current
        return 1.8e9 + self.schedule.now + self.jumps[current.machine if current else "a"]

    def start_of(self, pid: int) -> str:
        """Of a process of the current one's machine."""
        here = self.schedule.current
        for process in self.schedule.processes:
            if process.pid == pid and here is not None and process.machine == here.machine:
                return "" if process.dead or process.over else str(pid)
        return ""

    def token(self) -> str:
        """A name that is not in use, in an order that follows from the seed."""
        self._tokens += 1
        return f"{self.chance.getrandbits(32):08x}{self._tokens:08x}"

    def gives_signs(self, claim: Any) -> Callable[[], None]:
        """A claim is kept alive by the current process; returns what ends that."""
        process = self.schedule.current
        assert process is not None

        def beat() -> None:
            with suppress(OSError, InUse):
                claim.beat()

        process.beats.append(beat)
        process.claim = claim

        def stop() -> None:
            process.beats.remove(beat)
            self.inside.pop(process.pid, None)

        return stop

    def _enters(self, process: Process, kind: str) -> None:
        """A process has the directory, alone or shared: no other may have it that does not go with that."""
        for other, (its, who) in self.inside.items():
            frozen_before = who.frozen > 0.0 or process.frozen > 0.0
            if not (who.dead or frozen_before) and (kind == "begun" or its != kind):
                self.cheated.append(f"processes {other} and {process.pid} are both inside")
        self.inside[process.pid] = kind, process

    def _takes_long(self) -> None:
        """A block takes seconds or minutes, or its process stands still for a while."""
        current = self.schedule.current
        if current is None or self.schedule.calm or not self.slow:
            return
        if self.kind != "disk" and self.chance.random() < 0.1:
            self.schedule.freeze(current, 100.0)
        self.schedule.sleep(self.chance.choice((0.0, 0.0, 1.0, 60.0)))

    def _looks(self, location: RunLocation, kept: str) -> None:
        """Blocks that are said to be kept have to be there."""
        first, last = map(int, kept.split()[1:])
        with self.schedule.undisturbed(self.schedule.current):
            names = [chunk_of(name) for name in location.names(FOLDER)]
        there = {path for chunk in names if chunk is not None for path in range(*chunk)}
        if not set(range(first, last)) <= there:
            self.cheated.append(f"{kept}: these blocks are not there")

    # What happens

    def commands(self) -> Iterator[tuple[float, Callable[..., None]]]:
        """When commands are given, and which."""
        chance, starts = self.chance, 0.0
        yield 0.0, partial(commands.run, seed=1)
        for number in range(chance.choice((1, 2, 3))):
            starts += chance.choice((0.0, 0.2, 1.0, 5.0, 300.0))
            what = chance.choice(("run", "overwrite", "overwrite", "fails", "resume", "resume", "worker", "worker"))
            if what in ("resume", "worker"):
                more: dict[str, Any] = {} if what == "resume" else {"part": number % 2}
                yield starts, partial(getattr(commands, what), **more)
            else:
                yield (
                    starts,
                    partial(commands.run, seed=number + 2, overwrite=what != "run", fails=what == "fails"),
                )

    def live(self) -> None:
        """Let everything happen."""
        if self.foreign is not None:
            self._put_foreign(self.foreign)
        for number, (starts, command) in enumerate(self.commands()):
            pid = 100 + number
            machine = "a" if self.kind == "disk" else self.chance.choice("ab")
            process = Process(pid, machine, starts, partial(self._carry_out, pid, command))
            self.schedule.processes.append(process)
        self.schedule.run(60_000)
        if self.kind == "disk" and self.chance.random() < 0.5:
            self._crash()

    def _put_foreign(self, name: str) -> None:
        if self.kind == "store":
            self.bucket.files[f"bucket/run/{name}"] = FOREIGN[name]
            return
        path = self.root / "run" / name
        with self.schedule.undisturbed(None):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_CREAT | os.O_WRONLY)
            os.write(handle, FOREIGN[name])
            os.fsync(handle)
            os.close(handle)
            for folder in path.parents:
                if folder.is_relative_to(self.root):
                    self.disk.flushed(self.disk.number(folder), None)

    def _carry_out(self, pid: int, command: Callable[..., None]) -> None:
        def note(what: str, seed: int) -> None:
            if what == "works":
                self._takes_long()
                return
            self.notes.append((self.schedule.now, pid, what, seed))
            if what in ("begun", "taken up") and self.schedule.current is not None:
                self._enters(self.schedule.current, what if what == "begun" else f"{what} {seed}")
            if what.startswith("kept") and self.schedule.current and not self.schedule.current.frozen:
                self._looks(location, what)
            if self.kind == "disk" and self.chance.random() < 0.06:
                self._crash()

        location = self.location()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                command(location, note)
        except Died:
            pass
        except ENDS as error:
            if isinstance(error, InUse) and f"process {pid} " in str(error):
                self.cheated.append(f"process {pid} was refused because of itself")
            if isinstance(error, CannotWrite) and self.kind != "store" and not (self._faults or self.foreign):
                self.cheated.append(f"process {pid} failed, and nothing was wrong: {error}")
        except Cheated as error:
            self.cheated.append(str(error))
        finally:
            self.ended[pid] = self.schedule.now
            self.inside.pop(pid, None)
