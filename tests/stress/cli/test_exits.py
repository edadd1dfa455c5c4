"""The one place that maps exceptions to exit codes."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import typer

from stress.cli.exits import CODES, Terminated, ends_with_exit_code, exit_code
from stress.errors import DeviceNotFound, InvariantFailed, NotEnoughResources
from stress.results.files.store import RunExists, UnfinishedRun
from stress.run_directory.writing import CannotWrite
from stress.scenarios.errors import ScenarioError

FAULTY = ScenarioError("is negative", file="a.toml", key="funds.x.nav", value=-1, allowed="more than 0 USD")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("x"), 1),
        (ValueError("x"), 1),
        (RuntimeError("x"), 1),
        (RunExists("x"), 2),
        (CannotWrite("x"), 2),
        (FileExistsError("x"), 2),
        (PermissionError(errno.EACCES, "denied"), 2),
        (FAULTY, 3),
        (UnfinishedRun("x"), 3),
        (DeviceNotFound("x"), 4),
        (NotEnoughResources("x"), 5),
        (MemoryError(), 5),
        (OSError(errno.ENOSPC, "no space left"), 5),
        (RuntimeError("RESOURCE_EXHAUSTED: out of memory"), 5),
        (InvariantFailed("x"), 7),
        (KeyboardInterrupt(), 130),
        (Terminated(), 143),
    ],
)
def test_exit_code_of_each_failure(error: BaseException, code: int) -> None:
    assert exit_code(error) == code


@pytest.mark.parametrize("name", CODES)
def test_every_name_in_the_map_is_an_exception(name: str) -> None:
    module, _, cls = name.rpartition(".")
    assert issubclass(getattr(import_module(module), cls), BaseException)


def failing(error: BaseException) -> Callable[[], None]:
    @ends_with_exit_code
    def command() -> None:
        raise error

    return command


def test_a_bug_says_how_to_report_it(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEVSTRESS_DEBUG", raising=False)
    with pytest.raises(typer.Exit) as caught:
        failing(ZeroDivisionError("by nothing"))()
    message = capsys.readouterr().err
    assert caught.value.exit_code == 1
    assert "ZeroDivisionError: by nothing" in message
    assert "levstress doctor --json" in message
    assert "Traceback" not in message


def test_the_traceback_is_there_on_request(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVSTRESS_DEBUG", "1")
    with pytest.raises(typer.Exit):
        failing(FAULTY)()
    message = capsys.readouterr().err
    assert "Traceback" in message
    assert Path(__file__).name in message


def test_an_invalid_scenario_names_file_key_value_and_what_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        failing(FAULTY)()
    captured = capsys.readouterr()
    assert captured.out == ""
    for part in ("a.toml", "funds.x.nav", "-1", "more than 0 USD"):
        assert part in captured.err


def test_an_existing_run_hints_at_overwrite(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        failing(RunExists("runs/a is there"))()
    assert caught.value.exit_code == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.parametrize("error", [typer.Exit(0), typer.BadParameter("x")])
def test_what_the_command_line_library_handles_is_passed_on(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        failing(error)()
    assert caught.value is error


@pytest.mark.parametrize("command", [["check", "desk", "--paths", "0"], ["schema"], ["scenarios", "list"]])
def test_a_reader_that_leaves_is_no_bug(command: list[str]) -> None:
    program = "from stress.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # long before the program has started to write
    assert process.stderr.read() == ""
    assert process.wait(timeout=120) == 141
