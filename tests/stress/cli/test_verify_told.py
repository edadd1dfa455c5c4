"""What `levstress verify` tells of a directory, in words and in JSON, is what was found."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stress.cli import app
from stress.engine.chunks import Chunk
from stress.run_directory import verify as module
from stress.run_directory.verify import Verdict

FOUND = Verdict(
    files=9,
    verified=8,
    paths_on_disk=7_000,
    paths_missing=0,
    recomputed=(Chunk(0, 2048), Chunk(4096, 5000)),
    sealed=True,
    compared=True,
    doubted=False,
    problems=(),
    notes=("1 file is odd",),
)
COUNTED = "8 of 9 blocks have the digest of their name: 7,000 paths"
AGAIN = "2 of them simulated again"
FILES = "every file of the result is what was written"
NUMBERS = "every number of the result is that of its run put together once more"
CASES = {
    "sound": (FOUND, [COUNTED, AGAIN, FILES, NUMBERS, "1 file is odd"]),
    "wrong": (replace(FOUND, problems=("a", "b")), [COUNTED, AGAIN, "1 file is odd", "WRONG: a", "WRONG: b"]),
    "not compared": (replace(FOUND, compared=False, notes=()), [COUNTED, AGAIN, FILES]),
    "unfinished": (
        replace(FOUND, sealed=False, compared=False, paths_missing=1_234, recomputed=(), notes=()),
        [COUNTED, "1,234 paths are missing: levstress resume DIR"],
    ),
    "not sealed": (
        replace(FOUND, sealed=False, compared=False, recomputed=(), notes=()),
        [COUNTED, "there is no result yet: levstress resume DIR"],
    ),
    "without blocks": (replace(FOUND, files=0, verified=0, recomputed=(), notes=()), [FILES, NUMBERS]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_found_is_told(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, lines = CASES[case]
    monkeypatch.setattr(module, "verify", lambda *_: found)
    words = ["verify", str(tmp_path), "--quiet"]
    told, document = (CliRunner().invoke(app, [*words, *more], env={"COLUMNS": "300"}) for more in ([], ["--json"]))
    assert told.exit_code == document.exit_code == (9 if found.problems else 0)
    assert [line.strip() for line in told.stdout.splitlines()] == [x.replace("DIR", str(tmp_path)) for x in lines]
    assert json.loads(document.stdout) == {
        "directory": str(tmp_path),
        "blocks": found.files,
        "blocks_verified": found.verified,
        "blocks_recomputed": [{"first": 0, "last": 2047}, {"first": 4096, "last": 4999}] if found.recomputed else [],
        "paths_on_disk": 7_000,
        "paths_missing": found.paths_missing,
        "result_compared": found.compared,
        "problems": list(found.problems),
        "notes": list(found.notes),
        "agrees": not found.problems,
        "was_wrong": [],
        "repaired": [],
    }
