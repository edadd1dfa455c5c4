"""`levstress doctor` as a user types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stress.cli import machine
from stress.cli.doctor import _lines
from stress.cli.quantities import format_size
from stress.engine import devices as engine_devices
from stress.engine.devices import available_cores, set_up

LEVSTRESS = str(Path(sys.executable).with_name("levstress"))


def typed(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    environ = {**os.environ, **environment}
    return subprocess.run([LEVSTRESS, *args], cwd=cwd, capture_output=True, text=True, check=False, env=environ)


def test_doctor_describes_this_machine(tmp_path: Path) -> None:
    done = typed("doctor", "--json", cwd=tmp_path, JAX_PLATFORMS="cpu", LEVSTRESS_CACHE_DIR=str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["versions"]["jax"]
    assert facts["cpu"]["cores_usable"] == available_cores()
    assert facts["devices"] == [f"cpu x {available_cores()}"]
    assert facts["compile_cache"]["folder"] == str(tmp_path / "cache" / "compiled")
    assert facts["compile_cache"]["mode"] == "0700"
    assert facts["memory"]["total_bytes"] >= facts["memory"]["available_bytes"] > 0
    assert facts["cpu"]["passes_on"] == []
    facts["memory"] = {"total_bytes": 64 << 30, "available_bytes": 8 << 30}
    told = dict(line.split(":", 1) for line in _lines(facts | {"missing": []}) if ":" in line)
    assert told["memory"].strip() == f"{format_size(8 << 30)} free of {format_size(64 << 30)}"
    assert told["cpu"].strip() == f"{facts['cpu']['model'] or 'unknown'}, {available_cores()} usable cores"
    assert told["disk"].strip().endswith(f"free in {facts['disk']['folder']}")
    text = typed("doctor", cwd=tmp_path, JAX_PLATFORMS="cpu")
    assert all(line in text.stdout for line in ("versions:", "compile cache:", "nvidia driver:"))
    hints = re.findall(r"pip install '([^']*)'", text.stdout)
    assert all(re.fullmatch(r"levstress\[[a-z0-9]+\]", hint) for hint in hints)  # pip takes the installed one


def test_passes_that_the_user_turns_off_stay_off(monkeypatch: pytest.MonkeyPatch) -> None:
    mesh = set_up("cpu", 1).mesh
    for given, passes in (("", ""), ("--xla_disable_hlo_passes=mine --xla_dump_to=/x", "mine,")):
        monkeypatch.setattr(engine_devices, "flags_read", lambda given=given: given)
        options = engine_devices.compiler_options(mesh)
        off = {"xla_disable_hlo_passes": f"{passes}cpu-parallel-task-assigner,cse_barrier_expander"}
        assert options == off | dict([engine_devices.SCHEDULER])
    monkeypatch.setattr(engine_devices, "flags_read", lambda: "--xla_cpu_scheduler_type=CPU_SCHEDULER_TYPE_DEFAULT")
    assert engine_devices.SCHEDULER[0] not in engine_devices.compiler_options(mesh)


def test_passes_that_are_on_are_seen_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine._passes_on() == []
    asked = engine_devices.compiler_options(set_up("cpu", 1).mesh)
    unknown = asked | {engine_devices.SCHEDULER[0]: "ANOTHER"}
    monkeypatch.setattr(engine_devices, "compiler_options", lambda mesh: dict(unknown))
    assert machine._passes_on() == ["xla_cpu_scheduler_type"]
    monkeypatch.setattr(engine_devices, "compiler_options", lambda mesh: {})
    passes = machine._passes_on()
    assert passes == [*engine_devices.PASSES_OFF, "xla_cpu_scheduler_type"]
    lines = machine._missing([], None, passes, {"driver": None, "plugin": None}, 1)
    assert lines[0].endswith("does not leave out cpu-parallel-task-assigner and cse_barrier_expander")
    assert lines[1].endswith("does not know xla_cpu_scheduler_type")


@pytest.mark.parametrize(("cores", "installed", "said"), [(64, None, True), (8, None, False), (64, "2025.1", False)])
def test_doctor_names_what_feeds_many_cores(
    cores: int, installed: str | None, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_version", lambda package: installed if package == "distributed" else "1")
    lines = machine._missing([], None, [], {"driver": None, "plugin": None}, cores)
    found = [line for line in lines if line.startswith(f"for all {cores} cores: ")]
    assert bool(found) == said
    assert all("pip install 'levstress[dask]' and run with --executor dask" in line for line in found)
