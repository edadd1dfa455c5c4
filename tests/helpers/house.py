"""What holds for the folders, read from the text: where imports may point, what is heavy, how large rooms are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = {
    "stress": "stress",
    "kernels": "stress.kernels",
    "scenarios": "stress.scenarios",
    "results": "stress.results",
}
LEAVES = {"stress.errors", "stress.options"}  # anybody above the kernels may use them
# room -> what it may import besides itself; what it may, it sees the rooms of, too
ABOVE = {
    "kernels": set[str](),
    "scenarios": {"leaf"},
    "results": {"scenarios"},
    "reference": {"scenarios"},  # the model in NumPy: it shares nothing with what it checks
    "compile": {"scenarios", "kernels"},
    "engine": {"compile", "results"},
    "run_directory": {"engine"},
    "cluster": {"run_directory"},
    "calibration": {"results"},  # the user's own returns, and what the shock models make of them: no JAX
    "questions": {"cluster", "reference", "own_book"},
    "own_book": {"calibration"},  # the user's files -> a scenario
    "street": {"own_book"},  # the user's scenario inside another one
    "published": {"engine"},  # models with kernels of their own: the engine's devices and tiles, nothing of a run
    "bench": {"engine"},  # programs of the engine, taken apart
    "api": {"questions", "own_book", "street"},
    "cli": {"api", "bench", "published"},
    "leaf": set[str](),
}
FOREIGN = {  # library -> rooms that may not import it, anywhere
    "jax": {"scenarios", "results", "reference", "calibration"},
    "jaxlib": {"scenarios", "results", "reference", "calibration"},
    "xarray": {"kernels"},
    "pydantic": {"kernels"},
}
HEAVY = {  # for `--help`
    *("jax", "jaxlib", "xarray", "scipy", "matplotlib", "pandas", "zarr", "numpy", "pydantic"),
    *("arch", "sklearn", "statsmodels"),
}
API = "stress.api"  # where the public names of `stress` lead
MOST_LINES = 300
MOST_MODULES = 16
UNCOUNTED = {"stress/cli", "tests"}


@dataclass(frozen=True)
class Import:
    """One import statement, or one name of it."""

    module: str  # what is imported, a module of ours as far as it is one
    line: int
    top: bool  # when the file is imported, not inside a function and not for type checkers alone


@dataclass(frozen=True)
class File:
    """One module of ours."""

    path: str  # relative to the root
    module: str
    lines: int
    imports: tuple[Import, ...]


def read(root: Path) -> dict[str, File]:
    """Every module below the four folders, by its dotted name."""
    paths = {
        _module(path.relative_to(root)): path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))
    }
    found = {}
    for module, path in paths.items():
        text = path.read_text(encoding="utf-8")
        imports = tuple(_imports(ast.parse(text), set(paths)))
        found[module] = File(str(path.relative_to(root)), module, len(text.splitlines()), imports)
    return found


def _module(path: Path) -> str:
    parts = [FOLDERS[path.parts[0]], *path.with_suffix("").parts[1:]]
    return ".".join(parts).removesuffix(".__init__")


def _imports(tree: ast.Module, known: set[str]) -> Iterator[Import]:
    def walk(node: ast.AST, top: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                modules = [API if alias.name == "stress" else alias.name for alias in child.names]
                yield from (Import(module, child.lineno, top) for module in modules)
            elif isinstance(child, ast.ImportFrom) and (child.level or not child.module):
                yield Import("." * child.level + (child.module or ""), child.lineno, top)
            elif isinstance(child, ast.ImportFrom) and child.module:
                for alias in child.names:
                    full = f"{child.module}.{alias.name}"
                    public = API if child.module == "stress" and not alias.name.startswith("__") else child.module
                    yield Import(full if full in known else public, child.lineno, top)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                yield from walk(ast.Module(child.body, []), False)
                yield from walk(ast.Module(child.orelse, []), top)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from walk(child, top and not inside)

    yield from walk(tree, True)


def room(module: str) -> str:
    """The room of a module of ours."""
    if module in LEAVES:
        return "leaf"
    if module == "stress.__main__":  # `python -m stress` is the command line
        return "cli"
    parts = module.split(".")
    if len(parts) > 1 and parts[1] in ABOVE and parts[1] not in ("api", "leaf"):
        return parts[1]
    return "api"


def seen_from(name: str) -> set[str]:
    """The rooms that a room may import, itself among them."""
    found = {name}
    for below in ABOVE[name]:
        found |= seen_from(below)
    return found


def wrong_directions(files: dict[str, File]) -> list[str]:
    """Imports that look back, and libraries where they do not belong."""
    wrong = []
    for file in files.values():
        own = room(file.module)
        for one in file.imports:
            at = f"{file.path}:{one.line}"
            if one.module.startswith("."):
                wrong.append(f"{at}: a relative import; they are absolute here")
            if one.module.split(".")[0] == "stress" and one.module != "stress":
                if room(one.module) not in seen_from(own):
                    wrong.append(f"{at}: {own} may not import {one.module} ({room(one.module)})")
            elif own in FOREIGN.get(one.module.split(".")[0], set()):
                wrong.append(f"{at}: no {one.module} in {own}")
    return wrong


def circles(files: dict[str, File]) -> list[str]:
    """Imports between modules that lead back to where they came from."""
    graph = {name: {one.module for one in file.imports if one.module in files} - {name} for name, file in files.items()}

    def reached(start: str) -> set[str]:
        found, left = set[str](), [start]
        while left:
            new = graph[left.pop()] - found
            found |= new
            left += new
        return found

    wrong = []
    for name, file in files.items():
        back = {other for other in graph[name] if name in reached(other)}
        wrong += [f"{file.path}:{one.line}: {one.module} leads back" for one in file.imports if one.module in back]
    return wrong


def heavy_commands(files: dict[str, File]) -> list[str]:
    """Heavy imports when a module of the command line is imported, itself or by way of another of ours."""
    wrong = []
    for file in files.values():
        if room(file.module) != "cli":
            continue
        ways = ((one.line, _weight(one.module, files, set())) for one in file.imports if one.top)
        wrong += [f"{file.path}:{line}: imports {' -> '.join(way)} at the top" for line, way in ways if way]
    return wrong


def _weight(module: str, files: dict[str, File], seen: set[str]) -> list[str]:
    """The way from an import to something heavy, [] where there is none."""
    if module.split(".")[0] in HEAVY:
        return [module]
    parents = [".".join(module.split(".")[:n]) for n in range(1, module.count(".") + 2)]
    for name in parents:
        if name in files and name not in seen:
            seen.add(name)
            for one in files[name].imports:
                if one.top and (path := _weight(one.module, files, seen)):
                    return [name, *path]
    return []


def too_large(root: Path) -> list[str]:
    """Files with too many lines, tests included, and folders with too many modules."""
    wrong = []
    for folder in (*FOLDERS, "tests"):
        for path in sorted((root / folder).rglob("*.py")):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > MOST_LINES:
                wrong.append(f"{path.relative_to(root)}: {lines} lines, at most {MOST_LINES}")
        for place in sorted({path.parent for path in (root / folder).rglob("*.py")}):
            name = str(place.relative_to(root))
            modules = [path for path in place.glob("*.py") if path.name != "__init__.py"]
            if len(modules) > MOST_MODULES and name not in UNCOUNTED and name.split("/")[0] not in UNCOUNTED:
                wrong.append(f"{name}: {len(modules)} modules, at most {MOST_MODULES}")
    return wrong
