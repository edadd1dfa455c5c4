"""From a file or a library name to a validated `Scenario`."""

from __future__ import annotations

import copy
import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stress.scenarios.conditions.option import Shock, apply_shock, shock_texts
from stress.scenarios.errors import ScenarioError, suggest
from stress.scenarios.guessed import without_given
from stress.scenarios.library import library_path, list_names
from stress.scenarios.origin import Origin
from stress.scenarios.read import quotes
from stress.scenarios.read.assumed import fill_assumed
from stress.scenarios.read.extensions import load_extensions
from stress.scenarios.read.files import InputFiles, read_regular
from stress.scenarios.read.inline import INLINED, inline_table
from stress.scenarios.read.overrides import Overrides, apply_override, assignments
from stress.scenarios.read.python_values import as_in_a_file
from stress.scenarios.read.quantities import check_quantities
from stress.scenarios.read.size_limits import check_dotted_keys, check_limits
from stress.scenarios.read.translate import translate
from stress.scenarios.schema.scenario import Scenario, scenario_model

LARGEST_SCENARIO = 2 << 20  # bytes
FILE_OF_A_FOLDER = "scenario.toml"


def load_scenario(name_or_file: str | Path, overrides: Overrides = (), shock: Shock = ()) -> Scenario:
    """Read a scenario file, or the library scenario of that name.

    Args:
        name_or_file: path of a TOML file or of a folder with a `scenario.toml`, or a library name such as "desk".
        overrides: `key.path=value` texts, or values by key, applied in order before anything is validated.
        shock: `KEY=MOVE[@STEP]` texts, or moves by key: what the draw is conditioned on, after the overrides.

    Raises:
        ScenarioError: the file is missing or faulty; names file, key, value and what is allowed.
    """
    path, library = Path(name_or_file), str(name_or_file) in list_names()
    if library:
        path = library_path(str(name_or_file))
    elif _is_file(path / FILE_OF_A_FOLDER):
        path = path / FILE_OF_A_FOLDER
    elif not _is_file(path):
        raise ScenarioError(
            "is neither a file nor a scenario of the library",
            file=str(name_or_file),
            key="",
            allowed=f"a TOML file, a folder with a {FILE_OF_A_FOLDER}, or a library name: "
            f"{suggest(str(name_or_file), list_names())}",
        )
    files = InputFiles(path.name, path.parent)
    try:
        data = read_regular(path, LARGEST_SCENARIO)
    except OSError as error:
        raise ScenarioError(
            f"cannot be read ({error.strerror})",
            file=path.name,
            key="",
            allowed=f"a TOML file of {LARGEST_SCENARIO >> 20} MiB at most",
        ) from error
    text = files.scenario_text = files.remember(path, data, "")
    check_dotted_keys(text, path.name)
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise ScenarioError("is nested too deeply", file=path.name, key="", allowed="TOML 1.0") from error
    except ValueError as error:  # TOMLDecodeError, and Python's limit on the digits of an integer
        hint = quotes.of_a_line(str(error), text)
        allowed = f"TOML 1.0; {hint}" if hint else "TOML 1.0"
        raise ScenarioError(f"is no valid TOML: {error}", file=path.name, key="", allowed=allowed) from error
    name, digest = path.stem if library else path.name, hashlib.sha256(data).hexdigest()
    load_extensions()
    return _scenario(document, files, Origin(name, library, digest, version("levstress")), overrides, shock)


def as_scenario(given: str | Path | Mapping[str, Any] | Scenario) -> Scenario:
    """A scenario as functions take it: a name or a file, a document, or one that is read already.

    Raises:
        ScenarioError: as `load_scenario`.
    """
    if isinstance(given, str | Path):
        return load_scenario(given)
    if isinstance(given, Mapping):
        return scenario_from_document(given)
    if not isinstance(given, Scenario):
        raise ScenarioError(
            f"is of the type {type(given).__name__}",
            file="<scenario>",
            key="",
            allowed="a library name, a TOML file, a mapping of that form, or what `load_scenario` returned",
        )
    return given


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # such as a name that no file system takes
        return False


def scenario_from_document(
    document: Mapping[str, Any],
    overrides: Overrides = (),
    shock: Shock = (),
    *,
    file: str = "<document>",
    folder: Path | None = None,
    origin: Origin | None = None,
    made_of: Sequence[InputFiles] = (),
) -> Scenario:
    """A scenario from a dict of the file's form; `Problem.canonical` is one. Paths in it are relative to `folder`.

    Numbers and lists may be NumPy's. A document that was made of scenarios may say where these come from (`origin`),
    and which files they were read from.

    Raises:
        ScenarioError: as `load_scenario`.
    """
    check_limits(document, file)
    files = InputFiles(file, folder)
    files.take(*made_of)
    origin = Origin(levstress=version("levstress")) if origin is None else origin
    load_extensions()
    return _scenario(as_in_a_file(document), files, origin, overrides, shock)


def _scenario(
    document: dict[str, Any], files: InputFiles, origin: Origin, overrides: Overrides, shock: Shock
) -> Scenario:
    fill_assumed(document, files)
    changes = [apply_override(document, assignment, files) for assignment in assignments(overrides)]
    if "assumed" in document:  # read by now, if the file has it
        raise ScenarioError(
            "is read before anything is set",
            file="--set",
            key="assumed",
            value=document["assumed"],
            allowed="in the scenario file only",
        )
    changes += [apply_shock(document, text) for text in shock_texts(shock)]
    origin = replace(origin, overrides=(*origin.overrides, *changes))
    if "sources" in document:
        document["sources"] = without_given(document["sources"], [change.key for change in changes])
    check_limits(document, files.scenario_file)
    for key in INLINED:
        inline_table(document, key, files)
    model = scenario_model()
    try:
        scenario = model.model_validate(document)
    except ValidationError as error:
        raise translate(error, model, document, files) from error
    check_quantities(model, document, files)
    scenario._files = files
    scenario._document = document
    scenario._origin = origin
    scenario._with = lambda more, shock: _scenario(copy.deepcopy(document), files, origin, more, shock)
    return scenario
