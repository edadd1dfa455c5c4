"""`levstress schema`: the JSON Schema of the scenario file."""

from __future__ import annotations

from stress.cli.console import print_json
from stress.cli.exits import ends_with_exit_code


@ends_with_exit_code
def schema() -> None:
    """Print the JSON Schema of the scenario file, for editors and checkers.

    \b
    Example:
      levstress schema > scenario.schema.json
    """
    from stress.scenarios.read.extensions import load_extensions
    from stress.scenarios.schema.scenario import json_schema

    load_extensions()
    print_json(json_schema())
