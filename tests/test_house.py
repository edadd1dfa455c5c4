"""The folders keep their order: imports point one way, help stays light, rooms and files stay small."""

from __future__ import annotations

import tokenize
from functools import cache
from pathlib import Path

import pytest

import house
from checkout import ROOT

FILES = house.read(ROOT)


def test_imports_point_one_way() -> None:
    assert len(FILES) > 250
    assert house.wrong_directions(FILES) == []


def test_no_modules_import_each_other() -> None:
    assert house.circles(FILES) == []


def test_the_command_line_imports_nothing_heavy_at_the_top() -> None:
    assert house.heavy_commands(FILES) == []


def test_files_and_folders_are_small() -> None:
    assert house.too_large(ROOT) == []


@cache
def _identifiers(path: str) -> set[str]:
    """Of a file, in lower case without underscores."""
    with (ROOT / path).open("rb") as stream:
        names = {t.string for t in tokenize.tokenize(stream.readline) if t.type == tokenize.NAME}
    return {name.lower().replace("_", "") for name in names}


@pytest.mark.parametrize("name", ["vol_target", "overlay", "retail"])
def test_a_mechanism_is_named_in_four_files_at_most(name: str) -> None:
    """As an identifier, in any spelling: registries, orders, results and reports do not know it.

    The reference does, and who compares with it.
    """
    spellings = {name.replace("_", ""), name.replace("vol_", "volatility")}
    named = []
    for file in FILES.values():
        if house.room(file.module) == "reference" or file.path.startswith("stress/questions/validate/"):
            continue
        if any(spelling in identifier for identifier in _identifiers(file.path) for spelling in spellings):
            named.append(file.path)
    assert 1 <= len(named) <= 4, named


def tree(folder: Path, files: dict[str, str]) -> Path:
    """A small house: the text of each file by its path."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for top in house.FOLDERS:
        (folder / top).mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"kernels/a.py": "from stress.scenarios.b import c", "scenarios/b.py": ""}, "kernels/a.py:1: kernels may not"),
        (
            {"scenarios/b.py": "def f():\n    import stress.kernels.a", "kernels/a.py": ""},
            "scenarios/b.py:2: scenarios may",
        ),
        (
            {"results/a.py": "from stress.engine import b", "stress/engine/b.py": ""},
            "results may not import stress.engine.b",
        ),
        ({"stress/engine/a.py": "import stress.run_directory.b", "stress/run_directory/b.py": ""}, "engine may not"),
        ({"stress/cluster/a.py": "import stress.questions.b", "stress/questions/b.py": ""}, "cluster may not"),
        (
            {"stress/questions/a.py": "from stress.api import run", "stress/api.py": ""},
            "questions may not import stress.api",
        ),
        ({"results/a.py": "if True:\n    from jax import numpy"}, "results/a.py:2: no jax in results"),
        ({"scenarios/a.py": "import jaxlib.xla_client"}, "no jaxlib.xla_client in scenarios"),
        (
            {"kernels/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import xarray"},
            "no xarray in kernels",
        ),
        ({"kernels/a.py": "import pydantic"}, "no pydantic in kernels"),
        ({"kernels/a.py": "from stress import run"}, "kernels may not import stress.api"),
        ({"results/a.py": "def f():\n    import stress\n    stress.run()"}, "results may not import stress.api"),
        ({"kernels/a.py": "from . import b", "kernels/b.py": ""}, "kernels/a.py:1: a relative import"),
    ],
)
def test_an_import_that_looks_back_is_seen(files: dict[str, str], says: str, tmp_path: Path) -> None:
    (found,) = house.wrong_directions(house.read(tree(tmp_path, files)))
    assert says in found


def test_what_is_allowed_is_not_complained_of(tmp_path: Path) -> None:
    files = {
        "stress/cli/a.py": "import typer\ndef f():\n    import jax\n    from stress.api import run",
        "stress/api.py": "from stress.questions.q import ask",
        "stress/questions/q.py": "from stress.errors import E\nfrom stress.results.r import x",
        "results/r.py": "import xarray\nfrom stress.scenarios.s import y",
        "scenarios/s.py": "import pydantic\nfrom stress.errors import E",
        "kernels/k.py": "import jax",
        "stress/errors.py": "",
    }
    found = house.read(tree(tmp_path, files))
    assert house.wrong_directions(found) == house.circles(found) == house.heavy_commands(found) == []


def test_a_circle_is_seen_and_who_only_looks_at_it_is_not_in_it(tmp_path: Path) -> None:
    files = {
        "kernels/a.py": "from stress.kernels import b",
        "kernels/b.py": "def f():\n    from stress.kernels.c import x",
        "kernels/c.py": "import stress.kernels.a",
        "kernels/d.py": "import stress.kernels.a",
    }
    found = house.circles(house.read(tree(tmp_path, files)))
    assert found == [
        "kernels/a.py:1: stress.kernels.b leads back",
        "kernels/b.py:2: stress.kernels.c leads back",
        "kernels/c.py:1: stress.kernels.a leads back",
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"stress/cli/a.py": "import numpy"},
        {"stress/cli/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    x = 1\nelse:\n    import scipy"},
        {"stress/cli/a.py": "class C:\n    import xarray as xr"},
        {
            "stress/cli/a.py": "from stress.api import run",
            "stress/api.py": "from stress.results.r import x",
            "results/r.py": "import zarr",
        },
        {
            "stress/cli/a.py": "from stress.engine.b import x",
            "stress/engine/__init__.py": "import jax",
            "stress/engine/b.py": "",
        },
    ],
)
def test_a_heavy_import_of_the_command_line_is_seen(files: dict[str, str], tmp_path: Path) -> None:
    (found,) = house.heavy_commands(house.read(tree(tmp_path, files)))
    assert found.startswith("stress/cli/a.py:")
    assert found.endswith("at the top")


def test_large_files_and_folders_are_seen(tmp_path: Path) -> None:
    many = {f"kernels/m{n}.py": "" for n in range(17)}
    long = {"tests/t.py": "x = 1\n" * 301, "results/fine.py": "x = 1\n" * 300}
    assert house.too_large(tree(tmp_path, many | long)) == [
        "kernels: 17 modules, at most 16",
        "tests/t.py: 301 lines, at most 300",
    ]
