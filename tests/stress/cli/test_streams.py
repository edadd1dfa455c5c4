"""Closed, full and broken streams, and texts that would steer a terminal: right codes, and the result kept."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from collected_example import collected
from stress.cli import app
from stress.cli.console import console, print_json, say
from stress.cli.exits import Terminated
from stress.cli.streams import Messages, Output, OutputLost, harmless
from stress.results.dataset.tree import to_datatree
from stress.results.files.store import write_run

LEVSTRESS = str(Path(sys.executable).with_name("levstress"))
TREE = to_datatree(collected(detail=4000))
STEERING = "a\x1b[31mb\x07c\x9bd\u202ee\u2066f\x7fg\rh"
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    write_run(TREE, {}, out, overwrite=False)
    return out


def shell(line: str) -> tuple[int, str, str]:
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


REDIRECTED = [
    (">/dev/full", 5, "levstress: the output cannot be written: No space left on device\n"),
    ("| true", 141, ""),
    (">&-", 0, ""),
    ("2>/dev/full", 0, ""),
    ("2>&-", 0, ""),
    (">/dev/full 2>&1", 5, ""),
]
LINES = [
    "--help",
    "--version",
    "check desk --paths 0 --json",
    "scenarios list",
    "show DIR",
    "show DIR --json",
    "doctor",
]
LINES += ["show DIR --sales", "template k8s", "compare DIR DIR", "report DIR --worst 0 --quiet"]


@pytest.mark.parametrize(("redirection", "code", "said"), REDIRECTED)
@pytest.mark.parametrize("line", ["schema", *(pytest.param(line, marks=pytest.mark.slow) for line in LINES)])
def test_every_command_ends_with_the_right_code(line: str, redirection: str, code: int, said: str, made: Path) -> None:
    found, _, err = shell(f"{LEVSTRESS} {line.replace('DIR', str(made))} {redirection}")
    assert found == code
    if code == 5:
        assert err.endswith(said) or err.splitlines()[0] == said.strip()
    elif "DIR" not in line:
        assert err == said


def test_a_usage_error_without_a_stream_for_it_is_still_one() -> None:
    assert shell(f"{LEVSTRESS} nonsense 2>/dev/full")[0] == 2
    assert shell(f"{LEVSTRESS} nonsense >&- 2>&-")[0] == 2


def opened(kind: type[Output], target: str) -> Output:
    return kind(os.fdopen(os.open(target, os.O_WRONLY), "wb"), "utf-8", line_buffering=True)


def test_output_on_a_full_disk_is_lost_once_and_messages_never_stop_anything() -> None:
    out, err = opened(Output, "/dev/full"), opened(Messages, "/dev/full")
    with pytest.raises(OutputLost, match="the output cannot be written: No space left on device"):
        out.write("x\n")
    assert isinstance(out.failed, OutputLost)
    out.write("what follows goes nowhere\n")
    out.flush()
    err.write("x\n")
    err.flush()
    assert err.failed is not None
    for stream in (out, err):
        stream.close()


def results_command(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command that writes something and tells of it; what it would compute is there."""
    monkeypatch.setattr("stress.api.run_problem", lambda *_, **__: TREE)
    monkeypatch.setattr("stress.api.resume", lambda *_, **__: TREE)
    monkeypatch.setattr("stress.results.report.report_html", lambda *_, **__: "page")
    where = str(folder / "new")
    return {"run": ["run", "desk", "--out", where], "resume": ["resume", where], "report": ["report", str(folder)]}[
        command
    ]


@pytest.mark.parametrize(("error", "code"), [(OutputLost(FULL), 5), (BrokenPipeError(), 141), (SystemExit(1), 141)])
@pytest.mark.parametrize("command", ["run", "resume", "report"])
def test_what_is_finished_is_kept_and_said(
    command: str, error: BaseException, code: int, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise error

    words = results_command(command, made, monkeypatch)
    monkeypatch.setattr(Console, "print", lost)
    monkeypatch.setattr(
        "builtins.print", lambda *a, file=None, **k: lost() if file is None else file.write(f"{a[0]}\n")
    )
    result = CliRunner().invoke(app, [*words, "--quiet"])
    assert result.exit_code == code
    kept = made / ("report.html" if command == "report" else "new")
    assert result.stderr.splitlines()[0] == f"kept: {kept}"
    assert len(result.stderr.splitlines()) == (2 if code == 5 else 1)


@pytest.mark.parametrize(("stop", "code"), [(Terminated, 143), (KeyboardInterrupt, 130)])
@pytest.mark.parametrize("place", ["stress.results.report.report_html", "os.replace"])
def test_a_report_that_is_stopped_says_so_and_leaves_no_half_file(
    stop: type[BaseException], code: int, place: str, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise stop

    folder = Path(shutil.copytree(made, tmp_path / "run"))
    monkeypatch.setattr("stress.results.report.report_html", lambda *_, **__: "page")
    monkeypatch.setattr(place, stopped)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = CliRunner().invoke(app, ["report", str(folder), "--worst", "0"])
    assert result.exit_code == code
    says = f"levstress: interrupted\n{folder}/report.html was not written; the run in {folder} is as it was\n"
    assert result.stderr == says
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_nothing_that_steers_a_terminal_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert harmless("one line\nanother \N{NO-BREAK SPACE}é漢") == "one line\nanother \\xa0é漢"
    table = Table(title=Text(STEERING))
    table.add_column(STEERING)
    table.add_row(STEERING)
    console().print(table)
    console().print(STEERING)
    say(STEERING)
    print_json({STEERING: STEERING})
    found = capsys.readouterr()
    for text in (found.out, found.err):
        assert {letter for letter in text if not letter.isprintable()} == {"\n"}
    assert "\\x1b[31mb\\x07c\\x9bd\\u202ee\\u2066f\\x7fg\\rh" in found.err
    document = found.out[found.out.index("{") :]
    assert json.loads(document) == {STEERING: STEERING}


def test_whatever_is_printed_by_whom_is_escaped() -> None:
    name = "$(printf 'x\\033[2Jy')"
    _, out, err = shell(f"{LEVSTRESS} {name}; {LEVSTRESS} check {name}")
    assert "\x1b" not in out + err
    assert "No such command" in err
    assert "x\\x1b[2Jy: is neither a file" in err


def test_colours_of_our_own_pass_the_escapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    file = tmp_path / "screen"
    file.touch()
    stream = opened(Output, str(file))
    monkeypatch.setattr(stream, "isatty", lambda: True)
    console(stream).print(Text(STEERING, "red"))
    print(STEERING, file=stream)
    stream.close()
    shown = file.read_text(encoding="utf-8")
    assert shown.startswith("\x1b[31ma\\x1b[31mbc\\x9bd")  # rich leaves BEL out
    assert shown.count("\x1b") == 2, "the colour, and its end"
