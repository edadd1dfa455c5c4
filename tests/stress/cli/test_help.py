"""Help: light, complete, with examples that parse, and documented."""

from __future__ import annotations

import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from checkout import ROOT
from stress.cli import app

HEAVY = ("jax", "xarray", "scipy", "matplotlib", "arch", "sklearn", "statsmodels")
PROGRAM = "from stress.cli import main; main()"
EXPECTED = {
    "demo",
    "run",
    "init",
    "show",
    "compare",
    "ablate",
    "rare",
    "reverse",
    "sensitivity",
    "sweep",
    "replay",
    "report",
    "validate",
    "worker",
    "template",
    "resume",
    "verify",
    "scenarios",
    "scenarios list",
    "scenarios show",
    "scenarios copy",
    "check",
    "schema",
    "doctor",
    "bench",
    "calibrate",
    "backtest",
}


def commands() -> dict[str, Any]:
    """Every command by its full name, as the parser knows them."""
    found: dict[str, Any] = {}

    def walk(group: Any, prefix: str) -> None:
        for name, command in group.commands.items():
            found[prefix + name] = command
            if hasattr(command, "commands"):
                walk(command, f"{prefix}{name} ")

    walk(typer.main.get_command(app), "")
    return found


COMMANDS = commands()


def imported(*args: str, **environment: str) -> tuple[set[str], str]:
    """Top-level modules that one call of the command imports, and what it prints."""
    call = [sys.executable, "-X", "importtime", "-c", PROGRAM, *args]
    done = subprocess.run(call, capture_output=True, text=True, check=False, env={**os.environ, **environment})
    modules = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    return modules, done.stdout


@pytest.mark.parametrize("name", ["", *sorted(EXPECTED)])
def test_help_imports_nothing_heavy(name: str) -> None:
    modules, text = imported(*name.split(), "--help")
    assert "Usage: " in text
    assert "stress" in modules  # the listing was read at all
    assert modules.isdisjoint(HEAVY)


def test_completion_imports_nothing_heavy() -> None:
    environment = {"_COMPLETE": "complete_bash", "COMP_WORDS": "levstress sch", "COMP_CWORD": "1"}
    modules, text = imported(**{key.replace("_COMPLETE", "_LEVSTRESS_COMPLETE"): v for key, v in environment.items()})
    assert text.split() == ["schema"]
    assert modules.isdisjoint(HEAVY)


def test_the_commands_are_those_of_this_version() -> None:
    assert set(COMMANDS) == EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_command_has_help_and_examples_that_parse(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = COMMANDS[name]
    help_text = inspect.cleandoc(command.help)
    assert len(help_text.splitlines()[0]) > 20
    examples = re.findall(rf"levstress {name}\b.*", f"{help_text}\n{command.epilog or ''}")
    assert examples
    monkeypatch.chdir(tmp_path)
    for example in examples:
        words = shlex.split(example, comments=True)[1 + len(name.split()) :]
        words = words[: words.index(">")] if ">" in words else words  # a file that the output goes to
        for word in words:
            if word.startswith("runs/"):  # `show` wants a directory that is there
                (tmp_path / word).mkdir(parents=True, exist_ok=True)
        with command.make_context(name, words) as context:
            assert context.info_name == name


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_command_and_option_is_documented(name: str) -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    sections = dict(
        re.findall(r"^#{2,3} `levstress ([a-z ]+)`\n(.*?)(?=^## |^### |\Z)", text, re.MULTILINE | re.DOTALL)
    )
    assert name in sections
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")}
    missing = {option for option in options - {"--help"} if f"`{option}" not in sections[name]}
    assert not missing


def test_the_documents_name_no_option_that_is_not_there() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    known = {option for command in COMMANDS.values() for parameter in command.params for option in parameter.opts}
    known |= {"--version", "--install-completion", "--help"}
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= known
