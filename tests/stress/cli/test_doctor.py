"""`levstress doctor` as a user types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from stress.engine.devices import available_cores

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
    text = typed("doctor", cwd=tmp_path, JAX_PLATFORMS="cpu")
    assert all(line in text.stdout for line in ("versions:", "compile cache:", "nvidia driver:"))
    hints = re.findall(r"pip install '([^']*)'", text.stdout)
    assert all(re.fullmatch(r"levstress\[[a-z0-9]+\]", hint) for hint in hints)  # pip takes the installed one
