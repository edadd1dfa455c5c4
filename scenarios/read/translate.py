"""Pydantic's errors as ScenarioErrors: dotted key by id, the value found, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stress.scenarios.errors import ScenarioError
from stress.scenarios.read import quotes
from stress.scenarios.read.fields import UNKNOWN_KEY
from stress.scenarios.read.files import InputFiles
from stress.scenarios.read.quantities import meant

_PHRASES = {
    "greater_than": "greater than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "literal_error": "{expected}",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "too_short": "{min_length} or more entries",
    "too_long": "{max_length} entries at most",
}
_MOST_OFFERS = 20  # of one file
_TABLE_IN_TABLE = 3  # parts of the key of a table in a table that is named by an id


def translate(
    error: ValidationError, model: type[BaseModel], document: Mapping[str, Any], files: InputFiles
) -> ScenarioError:
    """The problems pydantic found: the first as a ScenarioError that carries the others.

    Args:
        error: what was raised.
        model: of the document.
        document: as written.
        files: that it was read from.
    """
    problems = error.errors(include_url=False)
    first, *others = [
        _translate_one(found, model, document, files, most_of_all=n < _MOST_OFFERS) for n, found in enumerate(problems)
    ]
    first.further = tuple(others)
    return first


def _translate_one(
    error: ErrorDetails, model: type[BaseModel], document: Mapping[str, Any], files: InputFiles, most_of_all: bool
) -> ScenarioError:
    context = error.get("ctx", {})
    location = list(error["loc"])
    if error["type"] == "scenario" and context["key"]:
        location.extend(context["key"].split("."))
    key, value, found = describe(location, document)
    if error["type"] == "scenario":
        problem, allowed = str(context["problem"]), str(context["allowed"])
    elif error["type"] == "missing":
        problem, allowed = "is missing", "this key is required"
    else:
        problem = "is not allowed"
        phrase = _PHRASES.get(error["type"])
        allowed = phrase.format(**context) if phrase else error["msg"].removeprefix("Value error, ")
    if not found and error["type"] not in {"missing", "scenario"}:
        value = error["input"]
    if most_of_all:
        allowed += _offered(key, value, location, model, document, files, context)
    return ScenarioError(problem, file=files.file_of(key), key=key, value=value, allowed=allowed)


def _offered(
    key: str,
    value: object,
    location: Sequence[str | int],
    model: type[BaseModel],
    document: Mapping[str, Any],
    files: InputFiles,
    context: Mapping[str, Any],
) -> str:
    """What the value may have been meant to be: a percentage, or a name with a dot that lacks its quotes."""
    if isinstance(value, Mapping) and location and isinstance(location[-1], str):
        if context.get("problem") == "is not a number":
            return f"; {quotes.of_a_table(location[-1], value, files.scenario_text)}"
        if context.get("problem") == UNKNOWN_KEY and len(location) == _TABLE_IN_TABLE:
            return f'; {quotes.NEED}: [{location[0]}."{location[1]}.{location[2]}"]'
    bounds = {name: bound for name, bound in context.items() if isinstance(bound, int | float)}
    other = meant(model, document, key, bounds)
    return f"; did you mean {other}?" if other else ""


def describe(location: Sequence[str | int], document: object) -> tuple[str, object, bool]:
    """Dotted key of a place in the document, the value there, and whether it is there.

    An entry of a list is named by its `id` where it has one: `funds.quant.gross`, else `shocks.script[0].step`.
    """
    key, here, found = "", document, True
    for part in location:
        if isinstance(part, str) and part.startswith(("<", "[")):  # tags of unions, and pydantic's mark for dict keys
            continue
        if isinstance(part, str) and isinstance(here, list) and re.fullmatch("[0-9]{1,9}", part):
            part = next((n for n, x in enumerate(here) if isinstance(x, Mapping) and x.get("id") == part), int(part))
        if isinstance(part, int):
            here = here[part] if found and isinstance(here, list) and part < len(here) else None
            found = here is not None
            named = isinstance(here, Mapping) and isinstance(here.get("id"), str)
            key += f".{here['id']}" if named and isinstance(here, Mapping) else f"[{part}]"
        else:
            if isinstance(here, list):
                matches = [x for x in here if isinstance(x, Mapping) and x.get("id") == part]
                here, found = (matches[0], True) if matches else (None, False)
            elif isinstance(here, Mapping) and part in here:
                here = here[part]
            else:
                here, found = None, False
            key += f".{part}" if key else part
    return key, here if found else None, found
