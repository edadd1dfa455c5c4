"""Where the real code meets the world: the system's calls, clocks, process numbers and threads, each patched once."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest

from stress.results.files import durable_write
from stress.run_directory import chunk_store, claims, holders

CALLS = ("open", "fdopen", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir")


class Now:
    """The world that the calls are of."""

    world: Any = None


class AtOnce:
    """Stands for a pool of threads: work is done when it is handed over."""

    def __init__(self, **_: Any) -> None: ...

    def submit(self, work: Callable[..., Any], *args: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True) -> None: ...


class Beating:
    """Stands for the thread that gives signs of life: the world asks for them."""

    def __init__(self, target: Any, **_: Any) -> None:
        self._claim = target.__self__

    def start(self) -> None:
        self._stop = Now.world.gives_signs(self._claim)

    def join(self) -> None:
        self._stop()


@contextmanager
def patched(scratch: Path) -> Iterator[None]:
    """Have the system's calls below the root of the present world go through it; other files go to `scratch`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, _through_the_world(name, getattr(os, name)))
        patch.setattr(shutil, "rmtree", _remove_tree(shutil.rmtree))
        patch.setattr(tempfile, "tempdir", str(scratch))
        patch.setattr(os, "getpid", lambda: Now.world.schedule.current.pid)
        patch.setattr(holders, "machine", lambda: Now.world.schedule.current.machine)
        patch.setattr(holders, "start_of", lambda pid: Now.world.start_of(pid))
        times = SimpleNamespace(
            time=lambda: Now.world.clock(),
            monotonic=lambda: Now.world.schedule.now,
            sleep=lambda seconds: Now.world.schedule.sleep(seconds),
        )
        for module in (claims, holders, durable_write):
            patch.setattr(module, "time", times)
        patch.setattr(claims, "threading", SimpleNamespace(Thread=Beating, Event=threading.Event))
        patch.setattr(chunk_store, "ThreadPoolExecutor", AtOnce)
        patch.setattr(secrets, "token_hex", lambda n: Now.world.token())
        patch.setattr(fsspec.core, "url_to_fs", lambda url: (Now.world.bucket, "bucket/run"))
        try:
            yield
        finally:
            Now.world = None


def _through_the_world(name: str, real: Any) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        world = Now.world
        if world is None:
            return real(*args, **options)
        if name in ("fsync", "fdopen"):
            return _of_a_handle(world, name, real, args, options)
        path = os.fspath(args[0])
        if not path.startswith(world.prefix):
            return real(*args, **options)
        if name == "open":
            return _opened(world, real, Path(path), args, options)
        world.befalls(name, Path(path))
        was = Path(path)
        if name in ("replace", "rename"):
            real(*args, **options)
            world.disk.renamed(was, Path(args[1]))
        elif name == "mkdir":
            real(*args, **options)
            world.disk.made(was, folder=True)
        else:
            real(*args, **options)
            world.disk.removed(was)
        return None

    return call


def _opened(world: Any, real: Any, path: Path, args: Any, options: Any) -> int:
    makes = args[1] & os.O_CREAT
    if makes:
        world.befalls("open", path)
    new = makes and not path.exists()
    handle: int = real(*args, **options)
    world.handles[handle] = path, world.disk.made(path) if new else world.disk.number(path)
    return handle


def _of_a_handle(world: Any, name: str, real: Any, args: Any, options: Any) -> Any:
    if args[0] not in world.handles:
        return real(*args, **options)
    path, number = world.handles[args[0]]
    if name == "fdopen":
        try:
            world.befalls("write", path)
        except BaseException:
            os.close(args[0])
            raise
        return real(*args, **options)
    world.befalls("fsync", path)
    world.disk.flushed(number, path.read_bytes() if path.is_file() else None)
    return None


def _remove_tree(real: Any) -> Any:
    def remove(path: Any, ignore_errors: bool = False, **options: Any) -> None:
        if Now.world is None or not os.fspath(path).startswith(Now.world.prefix):
            real(path, ignore_errors, **options)
            return
        try:
            for inside in sorted(Path(path).iterdir()):
                remove(inside) if inside.is_dir() else inside.unlink()
            os.rmdir(path)
        except OSError:
            if not ignore_errors:
                raise

    return remove
