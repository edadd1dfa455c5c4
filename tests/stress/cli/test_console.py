"""Progress and colour: bars for a person at a terminal, plain lines otherwise, nothing when quiet."""

from __future__ import annotations

import io
import sys

import pytest
from rich.table import Table

from stress.cli.console import console, is_watched, print_json, progress_shown
from stress.options import Progress

STEPS = [Progress(0, 1000, "compiling"), *(Progress(n, 1000, "paths") for n in (250, 500, 1000))]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def shown(stream: io.StringIO, quiet: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_shown(quiet) as callback:
        for step in STEPS:
            if callback is not None:
                callback(step)
    return stream.getvalue()


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(Terminal(), False, monkeypatch)
    assert "\x1b[" in text
    assert "1000/1000" in text


@pytest.mark.parametrize("variable", ["NO_COLOR", "pipe"])
def test_no_bar_and_no_escape_without_a_terminal_or_colour(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if variable == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    text = shown(io.StringIO() if variable == "pipe" else Terminal(), False, monkeypatch)
    assert "\x1b" not in text
    assert text.splitlines() == ["compiling", "paths: 250 of 1,000 paths"]


def test_quiet_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(Terminal(), True, monkeypatch) == ""


def test_tables_have_colour_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("head", style="red")
    table.add_row("cell")
    texts = []
    for stream in (Terminal(), io.StringIO()):
        console(stream).print(table)
        texts.append(stream.getvalue())
    assert "\x1b[" in texts[0]
    assert "\x1b" not in texts[1]
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    console(stream).print(table)
    assert "\x1b" not in stream.getvalue()
    assert not is_watched(stream)


def test_json_refuses_what_json_cannot_hold(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        print_json({"x": float("nan")})
    assert capsys.readouterr().out == ""
