"""Programs are kept between processes, found by all that they are made from, and never taken for others."""

from __future__ import annotations

import errno
import os
import platform
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh

from scenario_example import example
from stress.compile.structure import structure_of
from stress.engine.devices import SCHEDULER, compiler_options, set_up
from stress.engine.kept import programs
from stress.engine.kept.programs import SUFFIX, ready
from stress.kernels.cascade import trade
from stress.kernels.structure import Structure
from stress.scenarios.build.problem_builder import build_problem
from stress.scenarios.read.loader import scenario_from_document

NUMBERS = np.arange(4.0, dtype=np.float32)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and a process that holds nothing yet."""
    monkeypatch.setenv("LEVSTRESS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(programs, "_here", {})
    return tmp_path / "compiled" / "programs"


@pytest.fixture(scope="module")
def structure() -> Structure:
    return structure_of(build_problem(scenario_from_document(example())))


@pytest.fixture(scope="module")
def mesh() -> Mesh:
    return set_up("cpu", 1).mesh


class Traced:
    """Counts how often a function is traced."""

    def __init__(self, factor: float) -> None:
        self.count, self.factor = 0, factor
        self.jitted: Any = jax.jit(self.double)

    def double(self, x: Any) -> Any:
        self.count += 1
        return self.factor * jnp.asarray(x)


def files(cache: Path) -> list[Path]:
    return sorted(cache.glob(f"*{SUFFIX}"))


def another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_here", {})


def test_a_program_is_traced_once_for_all_processes(
    cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    traced = Traced(2.0)
    said: list[str] = []
    for _ in range(3):
        for _ in range(2):
            found = ready(traced.jitted, "double", structure, mesh, (NUMBERS,), lambda: said.append("compiling"))
            np.testing.assert_array_equal(found(NUMBERS), 2.0 * NUMBERS)
        another_process(monkeypatch)
    assert traced.count == 1
    assert said == ["compiling"]
    assert len(files(cache)) == 1
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "change",
    [
        *("name", "structure", "shape", "type", "x64", "flags", "setting", "cores", "processor", "code", "devices"),
        *("jax", "jaxlib", "python", "scheduler"),
    ],
)
def test_what_a_program_is_made_from_names_it(
    change: str, cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    another_process(monkeypatch)
    name, numbers = "double", NUMBERS
    if change == "name":
        name = "treble"
    elif change == "structure":
        structure = structure._replace(max_rounds=structure.max_rounds + 1)
    elif change == "shape":
        numbers = NUMBERS[:3]
    elif change == "type":
        numbers = NUMBERS.astype(np.int32)
    elif change == "flags":
        monkeypatch.setenv("XLA_FLAGS", f"{os.environ['XLA_FLAGS']} ")
    elif change == "setting":
        jax.config.update("jax_disable_most_optimizations", True)
    elif change == "processor":
        monkeypatch.setattr(programs, "_processor", lambda: "another")
    elif change in ("jax", "jaxlib"):
        monkeypatch.setattr(programs, change, SimpleNamespace(**vars(getattr(programs, change)) | {"__version__": "0"}))
    elif change == "python":
        monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    elif change == "scheduler":
        monkeypatch.setattr(programs, "SCHEDULER", ("scheduler", "another"))
    elif change == "cores":
        monkeypatch.setattr(programs, "available_cores", lambda: 99)
    elif change == "code":
        monkeypatch.setattr(trade, "price_gain", lambda *_: 0.0)
    elif change == "devices":
        mesh = set_up("cpu", 2).mesh
    try:
        with jax.enable_x64(change == "x64"):
            ready(Traced(3.0).jitted, name, structure, mesh, (numbers,))
    finally:
        jax.config.update("jax_disable_most_optimizations", False)
    assert len(files(cache)) == 2


def test_the_same_function_on_another_device_is_another_program(cache: Path, structure: Structure) -> None:
    traced = Traced(2.0)
    for device in jax.devices("cpu")[:2]:
        numbers = jax.device_put(NUMBERS, device)
        found = ready(traced.jitted, "double", structure, Mesh([device], "one"), (numbers,))
        assert found(numbers).devices() == {device}
    assert len(files(cache)) == 2


@pytest.mark.parametrize(("before", "hold"), [("", True), ("jax.devices(); ", False)])
def test_flags_that_came_too_late_name_no_program(before: str, hold: bool) -> None:
    code = f"import jax; {before}from stress.engine import devices; devices.set_up('cpu'); print(devices.flags_read())"
    environ = {**os.environ, "XLA_FLAGS": "--xla_dump_to=/x"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.startswith("--xla_dump_to=/x")
    assert ("--xla_cpu_prefer_vector_width" in done.stdout) == hold


def test_mechanisms_from_outside_are_not_kept(cache: Path, structure: Structure, mesh: Mesh) -> None:
    extended = structure._replace(extensions=(("digest", 1),))
    found = ready(Traced(2.0).jitted, "double", extended, mesh, (NUMBERS,))
    np.testing.assert_array_equal(found(NUMBERS), 2.0 * NUMBERS)
    assert not files(cache)


def test_a_program_under_another_s_name_is_not_taken(
    cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    (double,) = files(cache)
    ready(Traced(3.0).jitted, "treble", structure, mesh, (NUMBERS,))
    (treble,) = {*files(cache)} - {double}
    double.write_bytes(treble.read_bytes())
    another_process(monkeypatch)
    found = ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    np.testing.assert_array_equal(found(NUMBERS), 2.0 * NUMBERS)


@pytest.mark.parametrize("what", ["program", "folder"])
def test_what_others_may_write_is_not_run(
    what: str, cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    (cache if what == "folder" else files(cache)[0]).chmod(0o777)
    another_process(monkeypatch)
    traced = Traced(2.0)
    ready(traced.jitted, "double", structure, mesh, (NUMBERS,))
    assert traced.count == 1
    assert files(cache)[0].stat().st_mode & 0o077 == 0


def test_a_cache_that_can_only_be_read_serves(
    cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise OSError("read-only file system")

    ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    another_process(monkeypatch)
    monkeypatch.setattr(os, "utime", refused)
    monkeypatch.setattr(programs, "make_private", refused)
    traced = Traced(2.0)
    ready(traced.jitted, "double", structure, mesh, (NUMBERS,))
    assert traced.count == 0


def test_a_full_disk_is_told(
    cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(programs, "write_whole", refused)
    for name in ("one", "two"):
        ready(Traced(2.0).jitted, name, structure, mesh, (NUMBERS,))
    said = f"levstress: no compiled programs are kept in {cache.parent} (no space left on device)\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "pickle"])
def test_a_damaged_program_is_made_anew(
    damage: str, cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    (file,) = files(cache)
    content = file.read_bytes()
    for at in range(0, len(content), max(1, len(content) // 7)):
        changed = {
            "flip": content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
            "cut": content[:at],
            "empty": b"",
            "pickle": programs._digest(file, b"no pickle") + b"no pickle",
        }[damage]
        file.write_bytes(changed)
        another_process(monkeypatch)
        traced = Traced(2.0)
        found = ready(traced.jitted, "double", structure, mesh, (NUMBERS,))
        np.testing.assert_array_equal(found(NUMBERS), 2.0 * NUMBERS)
        assert traced.count == 1
        assert file.read_bytes()[:32] == programs._digest(file, file.read_bytes()[32:])


def test_the_longest_unused_go_first(
    cache: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(3):
        ready(Traced(2.0).jitted, f"{at}", structure, mesh, (NUMBERS,))
        for file in files(cache):
            os.utime(file, (file.stat().st_mtime - 100,) * 2)
    first = min(files(cache), key=lambda file: file.stat().st_mtime)
    another_process(monkeypatch)
    ready(Traced(2.0).jitted, "0", structure, mesh, (NUMBERS,))  # used again
    monkeypatch.setattr(programs, "LARGEST", 3 * first.stat().st_size + 100)
    ready(Traced(2.0).jitted, "3", structure, mesh, (NUMBERS,))
    assert len(files(cache)) == 3
    assert first in files(cache)


def test_a_cache_that_cannot_be_written_hinders_nobody(
    tmp_path: Path, structure: Structure, mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LEVSTRESS_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(programs, "_here", {})
    found = ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    np.testing.assert_array_equal(found(NUMBERS), 2.0 * NUMBERS)


def test_an_xla_without_the_scheduler_compiles_all_the_same(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    options = compiler_options(mesh)
    monkeypatch.setattr(programs, "compiler_options", lambda mesh: options | {SCHEDULER[0]: "ANOTHER"})
    assert programs.compiled(Traced(2.0).jitted, mesh, (NUMBERS,))(NUMBERS)[1] == 2.0
    monkeypatch.setattr(programs, "compiler_options", lambda mesh: options | {"xla_no_such_option": True})
    with pytest.raises(jax.errors.JaxRuntimeError, match="xla_no_such_option"):
        programs.compiled(Traced(2.0).jitted, mesh, (NUMBERS,))


def test_jax_s_own_cache_is_as_it_was(cache: Path, structure: Structure, mesh: Mesh) -> None:
    settings: Any = jax.config
    before = settings.jax_enable_compilation_cache
    ready(Traced(2.0).jitted, "double", structure, mesh, (NUMBERS,))
    assert settings.jax_enable_compilation_cache == before
