"""Who has claimed a run directory, and whether that process is still there."""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from stress.run_directory.run_location import CLAIMS, RunLocation

SILENCE = 40.0  # seconds without a sign of life, watched from elsewhere, after which a holder is gone
LOOK = 1.0  # seconds between two looks at a holder that may be gone
ENDED = ("Z", "X", "x")  # states of a process that does nothing any more; who started it has not asked how it ended
held: set[str] = set()  # tokens of the claims of this process


@dataclass(frozen=True)
class Holder:
    """What a claim says of who made it."""

    token: str  # its own, of this claim
    host: str
    machine: str  # this boot of this host, and its numbering of processes; empty where the system does not say
    pid: int
    start: str  # of the process, on that machine's clock
    since: str  # UTC
    run: str | None  # identity of the run that is shared; None: alone
    settled: bool = False  # alone, and all others are gone
    beat: int = 0  # signs of life so far
    at: float = 0.0  # the last one, in seconds on its own clock: a recent one means alive, an old one nothing

    def content(self) -> bytes:
        """As it stands in a file."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


def holder_in(content: bytes | None) -> Holder | None:
    """Whom a file names; None where that cannot be read: it is being written, or was when the machine stopped."""
    try:
        return Holder(**json.loads(content or b""))
    except (ValueError, TypeError):
        return None


def this_process(run: str | None) -> Holder:
    """A new claim of this process."""
    return Holder(
        token=secrets.token_hex(8),
        host=socket.gethostname(),
        machine=machine(),
        pid=os.getpid(),
        start=start_of(os.getpid()),
        since=datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        run=run,
    )


def machine() -> str:
    """What tells this machine, its boot and its numbering of processes (a container has its own) from others."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"
    return ""


def start_of(pid: int) -> str:
    """When a process of this machine was started; empty where there is none, or it has ended."""
    with suppress(OSError):
        found = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return "" if found[0] in ENDED else found[19]
    return ""


class Watch:
    """Looks at the holders of a directory, and remembers since when a file has stayed as it is."""

    def __init__(self, location: RunLocation) -> None:
        self._location, self._since = location, dict[tuple[str, bytes | None], float]()

    def alive(self, name: str, content: bytes) -> bool:
        """Whether the holder that a file names is at work; may take `SILENCE` seconds.

        On the same machine a holder is gone with its process. Elsewhere it is gone when its own file is, or when that
        has not changed for `SILENCE` seconds here: no two clocks are compared to decide that.
        """
        holder = holder_in(content)
        if holder is not None and holder.machine and holder.machine == machine():
            mine = holder.pid == os.getpid()
            return start_of(holder.pid) == holder.start and (not mine or holder.token in held)
        own = name if holder is None else f"{CLAIMS}/{holder.token}.json"
        before = self._location.read(own)
        last = holder_in(before)
        if last is not None and abs(time.time() - last.at) < SILENCE:
            return True
        end = self._since.setdefault((own, before), time.monotonic()) + SILENCE
        while before is not None and time.monotonic() < end:
            time.sleep(LOOK)
            if (now := self._location.read(own)) != before:
                return now is not None
        return False

    def remember(self, names: list[str]) -> None:
        """Begin to watch several files at once."""
        for name in names:
            self._since.setdefault((name, self._location.read(name)), time.monotonic())
