"""The wheel holds what the tree holds, under one import root; the documents and the CI script say the same."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from checkout import ROOT

FOLDERS = {
    "stress": "stress",
    "kernels": "stress/kernels",
    "scenarios": "stress/scenarios",
    "results": "stress/results",
}
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy of the tree so that nothing is left behind in it and nothing old gets in."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for path in tree_files():
        copy = source / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / path).read_bytes())
    call = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(source)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("*.whl")
    return zipfile.ZipFile(built)


def tree_files() -> list[Path]:
    """Files of the four folders and of the project's root, relative to the root."""
    found = [
        path.relative_to(ROOT)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return [*found, Path("pyproject.toml"), Path("README.md"), Path("LICENSE")]


def test_the_wheel_holds_every_module_and_data_file_of_the_tree_and_no_other(wheel: zipfile.ZipFile) -> None:
    expected = set()
    for path in tree_files():
        if len(path.parts) > 1:
            expected.add("/".join([FOLDERS[path.parts[0]], *path.parts[1:]]))
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == expected
    assert {"stress/py.typed", "stress/scenarios/library/tariff-2025.toml", "stress/cli/app.py"} <= packed


def test_the_only_top_level_entry_is_stress(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"stress"}


def test_the_wheel_carries_licence_and_command(wheel: zipfile.ZipFile) -> None:
    texts = {name.rpartition("/")[2]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert "levstress = stress.cli:main" in texts["entry_points.txt"]
    assert "Apache License" in texts["LICENSE"]
    assert "License-Expression: Apache-2.0" in texts["METADATA"]


def test_every_package_of_the_tree_is_listed() -> None:
    listed = set(SETTINGS["tool"]["setuptools"]["packages"])
    present = {".".join(Path(FOLDERS[path.parts[0]], *path.parts[1:-1]).parts) for path in modules()}
    assert listed == present


def modules() -> list[Path]:
    return [path for path in tree_files() if path.suffix == ".py"]


def test_type_checkers_see_the_folders_where_the_wheel_puts_them() -> None:
    for name in ("kernels", "scenarios", "results"):
        assert (ROOT / ".typings" / "stress" / name).resolve() == ROOT / name


def test_the_ci_script_runs_the_test_command_of_the_readme() -> None:
    commands = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 2
    main_job, tests = commands
    assert main_job.endswith("levstress demo")
    assert "pytest" in tests
    assert f"({tests})" in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_version_is_the_same_everywhere() -> None:
    import stress

    version = SETTINGS["project"]["version"]
    assert stress.__version__ == version
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
