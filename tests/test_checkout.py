"""`import stress` in the root of a checkout is that checkout, however and wherever else the package is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import stress
from checkout import ROOT

LOADS = """
import stress, stress.scenarios.problem
print(stress.load_scenario("desk").name, stress.__file__, stress.scenarios.problem.__file__)
"""
# Whatever the tests' own environment maps `stress` to is taken away, as if a copy were installed there or nothing.
ALONE = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in str(finder).lower()]
sys.path_hooks[:] = [hook for hook in sys.path_hooks if "editable" not in str(hook).lower()]
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four folders and the tests, in another place."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("stress", "kernels", "scenarios", "results"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "tests").mkdir()
    return folder


def python(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


def test_it_is_whole_without_an_editable_install(checkout: Path) -> None:
    done = python(ALONE + LOADS, checkout)
    assert done.returncode == 0, done.stderr
    name, package, problem = done.stdout.split()
    assert name == "desk"
    assert Path(package) == checkout / "stress" / "__init__.py"
    assert Path(problem) == checkout / "scenarios" / "problem.py"


def test_it_is_whole_with_one(checkout: Path) -> None:
    done = python(LOADS, checkout)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.split()[1]) == checkout / "stress" / "__init__.py"
    assert Path(done.stdout.split()[2]) == checkout / "scenarios" / "problem.py"


@pytest.mark.parametrize("name", ["stress.tests", "stress.stress", "stress.docs"])
def test_nothing_else_of_the_checkout_is_in_the_package(name: str, checkout: Path) -> None:
    done = python(f"{ALONE}\ntry:\n    import {name}\nexcept ModuleNotFoundError:\n    print('none')", checkout)
    assert done.stdout == "none\n", done.stderr


def test_importing_it_loads_nothing(checkout: Path) -> None:
    done = python(f"{ALONE}\nimport stress\nprint(sorted(m for m in sys.modules if m.startswith('stress')))", checkout)
    assert done.stdout == "['stress', 'stress.kernels', 'stress.results', 'stress.scenarios']\n", done.stderr


def test_folders_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "stress", tmp_path / "stress", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "__init__.py").write_text("print('run')", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "theirs"\n', encoding="utf-8")
    done = python(f"{ALONE}\nimport stress\nprint(stress.__version__)", tmp_path)
    assert done.stdout.split() == [stress.__version__], done.stderr
