"""A run that was set aside comes back in an order that never shows a result without its spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from stress.results.files.store import REPLACED, RESULT, SPEC
from stress.run_directory.replaced_run import PARTS, restore
from stress.run_directory.run_location import RunLocation


class Killed(BaseException):
    pass


@pytest.mark.parametrize("moves", range(len(PARTS)))
def test_a_process_killed_while_a_run_comes_back_leaves_no_result_alone(
    moves: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location, move, left = RunLocation(tmp_path), RunLocation.move, iter(range(moves))
    for name in PARTS:
        (tmp_path / REPLACED / name).mkdir(parents=True)

    def until_killed(self: RunLocation, name: str, target: str) -> None:
        if next(left, None) is None:
            raise Killed
        move(self, name, target)

    with monkeypatch.context() as patch:
        patch.setattr(RunLocation, "move", until_killed)
        with pytest.raises(Killed):
            restore(location)
    assert location.has(SPEC) or not location.has(RESULT)
    restore(location)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PARTS)
