"""One run that is sealed, for all tests of what may become of it, and a copy of it for each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import stress
from short_desk import options, short_desk

PATHS = 60_000


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sealed") / "run"
    stress.run(short_desk(), **options(PATHS), out=out)
    return out


@pytest.fixture
def run(sealed: Path, tmp_path: Path) -> Path:
    shutil.copytree(sealed, tmp_path / "run")
    return tmp_path / "run"
