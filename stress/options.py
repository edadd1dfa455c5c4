"""How a scenario is run: the options that change no number of a path, and the seed and path count that do."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from numbers import Integral
from typing import Literal

LARGEST = 2**64 - 1
LOCAL = "local"  # executor: paths are computed by this process
# Methods: no further paths serve a question, or paths whose sales are simulated only now and then, or tilted ones.
PLAIN, SCREEN, TILT = "plain", "screen", "tilt"
DASK = "dask"  # executor: a cluster of this machine
_ADDRESS = re.compile(r"([a-z]+://)?[^/\s]+:[0-9]{1,5}(/\S*)?|inproc://\S+")
Store = Literal["summary", "tails", "paths"]
Precision = Literal["float32", "float64"]
Kind = Literal["cpu", "gpu"]  # of device
OPTIONAL = ("devices", "tile", "block_size", "max_memory")  # None: chosen
SMALLEST_TILE, LARGEST_TILE = 64, 2**20  # paths


def parse_executor(text: str) -> str:
    """Who simulates: LOCAL, DASK, or the address of a scheduler.

    Raises:
        ValueError: anything else, an address without its port too.
    """
    if text not in (LOCAL, DASK) and not _ADDRESS.fullmatch(text):
        raise ValueError(
            f"{text!r} is no executor; allowed: {LOCAL}, {DASK}, or the address of a scheduler with its port, as "
            "tcp://host:8786"
        )
    return text


@dataclass(frozen=True)
class RunOptions:
    """Options of one run.

    Attributes:
        paths: number of Monte Carlo paths.
        seed: 64-bit seed; path `j` depends on it, the stream and `j` alone.
        precision: "float32" or "float64".
        device: "auto" (where the run is predicted to end first), "cpu" or "gpu".
        devices: how many devices of that kind; None = all cores as devices, or all GPUs.
        tile: paths that are simulated as one array, a power of two from 64 to 1,048,576; None = by the size of the
            scenario and the kind of device. Another tile may round otherwise, so it makes another run.
        block_size: paths that travel together, rounded up to whole tiles; None = sized for the device.
        max_memory: bytes the run may need; None = what the machine has free.
        store: "summary" (no worst paths), "tails" (the worst paths with their metrics) or "paths" (every path).
        worst: how many worst paths of each fund to keep.
        members: report every member fund instead of fund types.
        exact: a second pass over the paths for exact VaR and ES where the kept tail does not reach.
    """

    paths: int = 1_000_000
    seed: int = 1
    precision: Precision = "float32"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    devices: int | None = None
    tile: int | None = None
    block_size: int | None = None
    max_memory: int | None = None
    store: Store = "tails"
    worst: int = 100
    members: bool = False
    exact: bool = False

    def __post_init__(self) -> None:
        for name in ("paths", "seed", "devices", "tile", "block_size", "max_memory", "worst"):
            value = getattr(self, name)
            if isinstance(value, bool) or not (isinstance(value, Integral) or (value is None and name in OPTIONAL)):
                raise ValueError(f"{name} = {value!r} is not possible; allowed: a whole number")
            object.__setattr__(self, name, None if value is None else int(value))  # NumPy's are no JSON
        for name in ("members", "exact"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} = {getattr(self, name)!r} is not possible; allowed: True or False")
        checks = {
            "paths": (1 <= self.paths < 2**63, "1 to 2^63 - 1"),
            "seed": (0 <= self.seed < 2**64, "0 to 2^64 - 1"),
            "precision": (self.precision in ("float32", "float64"), "float32 or float64"),
            "device": (self.device in ("auto", "cpu", "gpu"), "auto, cpu or gpu"),
            "devices": (self.devices is None or 1 <= self.devices <= 1024, "1 to 1024"),
            "tile": (self.tile is None or is_tile(self.tile), f"a power of two from {SMALLEST_TILE} to {LARGEST_TILE}"),
            "block_size": (self.block_size is None or 1 <= self.block_size <= 2**30, "1 to 2^30 paths"),
            "max_memory": (self.max_memory is None or self.max_memory > 0, "more than 0 bytes"),
            "store": (self.store in ("summary", "tails", "paths"), "summary, tails or paths"),
            "worst": (0 <= self.worst <= 10_000, "0 to 10000"),
        }
        for name, (fine, allowed) in checks.items():
            if not fine:
                raise ValueError(f"{name} = {getattr(self, name)!r} is not possible; allowed: {allowed}")

    def __repr__(self) -> str:
        """The paths and the seed, and what else is not left to its default."""
        given = [f for f in fields(self) if f.name in ("paths", "seed") or getattr(self, f.name) != f.default]
        return f"RunOptions({', '.join(f'{f.name}={getattr(self, f.name)!r}' for f in given)})"


def is_tile(paths: int) -> bool:
    """Whether so many paths may make a tile."""
    return SMALLEST_TILE <= paths <= LARGEST_TILE and paths & (paths - 1) == 0


def parse_count(text: object) -> int:
    """A whole number from 0 to 2^64 - 1: `1000000`, `1_000_000`, `1e6`."""
    try:
        number = Decimal(str(text).strip())
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a whole number such as 1000000, 1_000_000 or 1e6") from None
    # Compared before the conversion: int(Decimal("1e999999999")) would not come back.
    if not number.is_finite() or not 0 <= number <= LARGEST:
        raise ValueError(f"{text!r} is not between 0 and {LARGEST}")
    if number != number.to_integral_value():
        raise ValueError(f"{text!r} is not a whole number")
    return int(number)


def whole(name: str, value: object) -> int:
    """The option `name` as a whole number, whether it comes as 1000, 1e3 or "1e3".

    Raises:
        ValueError: it is none.
    """
    try:
        return parse_count(value)
    except ValueError as error:
        raise ValueError(f"{name} = {value!r} is not possible; allowed: a whole number ({error})") from error


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    done_paths: int
    total_paths: int
    phase: str
