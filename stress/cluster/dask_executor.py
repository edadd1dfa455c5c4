"""Runs on a `dask.distributed` cluster: on processes of this machine, or wherever a scheduler has its workers."""

from __future__ import annotations

import json
import os
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from stress.cluster.task import simulate_chunk
from stress.engine.chunk_simulator import Pace
from stress.engine.chunks import Chunk
from stress.engine.devices import available_cores
from stress.engine.gatherer import TailFloors
from stress.engine.totals import State
from stress.errors import DeviceNotFound, MissingExtra, NotEnoughResources
from stress.options import DASK, LOCAL, parse_executor, whole
from stress.run_directory.spec import OtherRun, identity_digest
from stress.scenarios.read.extensions import VARIABLE

if TYPE_CHECKING:
    from distributed import Client

DEATHS = 10  # of processes of this machine on the same task before it is given up
TIMEOUT = "30s"  # for a scheduler to answer
SECONDS_OF_PATIENCE = 10.0  # before one is told that nothing happens
Result = TypeVar("Result")
Arguments = tuple[Any, ...]
IN_FLIGHT = 2  # tasks for each worker: one that runs and one that waits


@dataclass(frozen=True)
class DaskExecutor:
    """Simulates chunks as tasks keyed by run and paths: one that runs twice gives the same numbers twice."""

    client: Client
    spec: dict[str, Any]
    devices: int | None  # of each worker process; None = as the run's options say
    location: str

    def describe(self) -> str:
        """For the attributes of the result."""
        return f"dask.distributed, {self.location}"

    def chunks(self, pace: Pace, gaps: list[Chunk], least: Callable[[], TailFloors]) -> Iterator[tuple[Chunk, State]]:
        """See `stress.engine.runner.Executor`.

        Raises:
            NotEnoughResources: the workers died again and again on the same paths.
            OtherRun: a worker would compute other numbers.
        """
        text, chunk_of = json.dumps(self.spec), dict[str, Chunk]()

        def calls() -> Iterator[tuple[str, Arguments]]:
            for chunk in pace.cut(gaps):
                chunk_of[f"{chunk.first}-{chunk.last}"] = chunk
                yield f"{chunk.first}-{chunk.last}", (text, chunk, least(), self.devices)

        for label, (state, seconds) in self.each(simulate_chunk, calls()):
            chunk = chunk_of.pop(label)
            pace.took(chunk, seconds)
            yield chunk, state

    def each(
        self, function: Callable[..., Result], calls: Iterator[tuple[str, Arguments]]
    ) -> Iterator[tuple[str, Result]]:
        """Call a function for each label and arguments, taken as there is room, and give results as they come.

        Raises:
            NotEnoughResources: the workers died again and again on the same task.
            OtherRun: a worker has not the same package.
        """
        from distributed import KilledWorker, as_completed
        from distributed.comm.core import CommClosedError

        run = f"levstress-{identity_digest(self.spec)[:16]}-{uuid.uuid4().hex[:8]}"  # a scheduler may have other runs
        label_of = dict[str, tuple[str, Any]]()
        running = as_completed(loop=self.client.loop)

        def submit() -> None:
            room = IN_FLIGHT * max(1, len(self.client.nthreads())) - len(label_of)
            for _, (label, arguments) in zip(range(room), calls, strict=False):
                key = f"{run}-{label}"
                future = self.client.submit(function, *arguments, key=key, pure=False)
                label_of[key] = label, future
                running.add(future)

        patience = threading.Timer(SECONDS_OF_PATIENCE, self._says_that_nobody_works)
        patience.daemon = True
        patience.start()
        try:
            submit()
            for future in running:
                patience.cancel()
                label, result = label_of[future.key][0], future.result()
                del label_of[future.key]
                future.release()
                yield label, result
                submit()
        except KilledWorker as error:
            raise NotEnoughResources(f"workers of the cluster died again and again: {error}") from error
        except ModuleNotFoundError as error:
            raise OtherRun(f"a worker of the cluster has not the same levstress installed: {error}") from error
        except (CancelledError, CommClosedError) as error:
            raise DeviceNotFound(f"the cluster ({self.location}) is gone: {error}") from error
        finally:
            patience.cancel()
            if self.client.status == "running":
                self.client.cancel([future for _, future in label_of.values()])

    def _says_that_nobody_works(self) -> None:
        if self.client.status == "running" and not self.client.nthreads():
            warnings.warn(f"the cluster ({self.location}) has no worker yet: waiting for one", stacklevel=2)


def check_cluster(where: str) -> None:
    """Refuse what `dask_cluster` would: without the library, or where no scheduler answers; starts nothing."""
    _need_dask()
    if where != DASK:
        _client(where).close()


def _need_dask() -> None:
    if find_spec("dask") is None or find_spec("distributed") is None:
        raise MissingExtra("--executor needs dask.distributed: pip install 'levstress[dask]'")


def _client(address: str) -> Client:
    from distributed import Client

    parse_executor(address)
    try:
        return Client(address, timeout=TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise DeviceNotFound(f"no dask scheduler answers at {address}: {error}") from error


@contextmanager
def dask_cluster(where: str | Client, spec: dict[str, Any], workers: int | None = None) -> Iterator[DaskExecutor]:
    """A cluster for one run.

    Args:
        where: "dask" for processes of this machine, the address of a scheduler, or a client of one.
        spec: of the run.
        workers: processes of this machine; None = one a core, or one for all GPUs.

    Raises:
        MissingExtra: `dask.distributed` is not installed.
        ValueError: `where` is none of these, or `workers` no number of them.
        DeviceNotFound: nobody answers at the address.
    """
    _need_dask()
    import dask
    from distributed import Client, LocalCluster

    if workers is not None and whole("workers", workers) == 0:
        raise ValueError("workers = 0 is not possible; allowed: 1 or more")
    if not isinstance(where, str | Client):
        kind = type(where).__name__
        raise ValueError(f"executor is of the type {kind}; allowed: {LOCAL}, {DASK}, an address, or a client")
    if not isinstance(where, str):
        yield DaskExecutor(where, spec, None, "a client's cluster")
        return
    if where != DASK:
        with _client(where) as client:
            yield DaskExecutor(client, spec, None, where)
        return
    extensions = ",".join(
        sorted({*os.environ.get(VARIABLE, "").split(","), *spec.get("extensions", {}).values()} - {""})
    )
    on_gpu, cores = spec["identity"]["device_kind"] == "gpu", available_cores()
    count = whole("workers", workers) if workers is not None else 1 if on_gpu else cores
    devices = None if on_gpu else max(1, cores // count)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": DEATHS}),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=None,
            dashboard_address="127.0.0.1:0",
            silence_logs="CRITICAL",
            env={VARIABLE: extensions} if extensions else {},  # a module that was imported here by hand, too
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield DaskExecutor(client, spec, devices, f"processes of this machine: {count}")
