"""A run on a machine with more cores: what the devices share, and what one host thread does for all of them."""

from __future__ import annotations

from dataclasses import dataclass

from stress.engine.chunk_simulator import SECONDS_OF_A_CHUNK
from stress.engine.runner import SECONDS_OF_A_TASK

DEVICES_OF_A_PROCESS = 4  # where cores are shared out among processes


@dataclass(frozen=True)
class Shared:
    """What one scenario costs, in CPU seconds."""

    scenario: str
    device: float  # a path, on one core
    host: dict[str, float]  # a path, by part
    call: float  # a call, besides
    chunk: float  # a chunk, besides
    writing: float  # a chunk, in a thread of its own
    task: float  # a task of another process, in the one that adds up
    paths: int  # of a call, for each device

    def seconds(self, cores: int) -> tuple[float, float]:
        """Of a path on so many cores in one process: what the devices need, and the host."""
        chunk = self.paths_of_chunk(cores)
        host = sum(self.host.values()) + self.call / (self.paths * cores) + self.chunk / chunk
        return (self.device + host + self.writing / chunk) / cores, host

    def paths_of_chunk(self, cores: int) -> float:
        """Paths of two seconds, in whole calls."""
        call = self.paths * cores
        return max(1.0, SECONDS_OF_A_CHUNK / max(self.device / cores, sum(self.host.values())) // call) * call

    def rate(self, cores: int) -> float:
        """Paths per second of one process."""
        devices, host = self.seconds(cores)
        last = sum(self.host.values()) * self.paths * cores + self.call + self.chunk
        return 1.0 / (max(devices, host, self.writing / self.paths_of_chunk(cores)) + last / self.paths_of_chunk(cores))

    def saturates(self) -> int | None:
        """Cores from which on the host takes as long as the devices, None beyond 1,024."""
        return next((n for n in range(1, 1_025) if self.seconds(n)[1] >= self.seconds(n)[0]), None)

    def rate_of_processes(self, cores: int) -> float:
        """Paths per second of processes that share the cores out, as far as one process can add up what they send."""
        devices = min(DEVICES_OF_A_PROCESS, cores)
        count = cores / devices
        fed = min(count, SECONDS_OF_A_TASK / self.task)  # whose tasks are added up as fast as they come
        return fed * self.rate(devices)

    def largest_part(self) -> str:
        """What the host does most."""
        return max(self.host, key=lambda name: self.host[name])
