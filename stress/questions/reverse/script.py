"""A shock that was found as a scenario: its moves as a script, and no draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xarray as xr

from stress.scenarios.problem import Problem
from stress.scenarios.read.overrides import toml_value


def scripted_scenario(problem: Problem, tree: xr.DataTree, answer: int = 1) -> dict[str, Any]:
    """The scenario as a document with nothing but a shock's moves from outside; `levstress run` takes it as a file.

    Args:
        problem: the scenario that was asked about.
        tree: the answer of `stress.reverse`.
        answer: which of the shocks.

    Raises:
        ValueError: there is no such shock.
    """
    table = tree["reverse"].to_dataset()
    if answer not in table["answer"].values:
        there = f"1 to {table.sizes['answer']}" if table.sizes["answer"] else "none, as no shock was found"
        raise ValueError(f"there is no shock {answer}; allowed: {there}")
    moves = table["move"].sel(answer=answer)
    script = [
        {
            "step": int(step),
            "moves": {str(asset): float(move) for asset, move in zip(here["asset"].values, here.values, strict=True)},
        }
        for step, here in zip(moves["step"].values, moves.transpose("step", "asset"), strict=True)
    ]
    about = f"Shock {answer} for {tree.attrs['event']}, {float(table['norm'].sel(answer=answer)):.4g} standard normals."
    document = {
        **problem.canonical,
        "name": f"{problem.name}-reverse",
        "description": f"{about} {problem.description}".strip(),
        "shocks": {"model": "none", "script": script},
    }
    found: dict[str, Any] = _without_none(document)
    return found


def write_script(problem: Problem, tree: xr.DataTree, path: Path, answer: int = 1) -> None:
    """Write that scenario as TOML; raises what `scripted_scenario` does, and OSError."""
    lines: list[str] = []
    tables: list[str] = []
    for key, value in scripted_scenario(problem, tree, answer).items():
        if key == "shocks":
            tables += ["", "[shocks]", f"model = {toml_value(value['model'])}"]
            for step in value["script"]:
                tables += ["", "[[shocks.script]]", f"step = {step['step']}", "[shocks.script.moves]"]
                tables += [f"{toml_value(asset)} = {toml_value(move)}" for asset, move in step["moves"].items()]
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            for one in value:
                tables += ["", f"[[{key}]]", *(f"{name} = {toml_value(item)}" for name, item in one.items())]
        elif isinstance(value, dict):
            tables += ["", f"[{key}]", *(f"{toml_value(name)} = {toml_value(item)}" for name, item in value.items())]
        else:
            lines.append(f"{key} = {toml_value(value)}")
    path.write_text("\n".join([*lines, *tables, ""]), encoding="utf-8")


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list | tuple) else value
