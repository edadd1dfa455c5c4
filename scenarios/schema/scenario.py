"""The scenario file as a pydantic model, and its JSON Schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, create_model, model_validator

from stress.scenarios.conditions.option import Shock
from stress.scenarios.impact.protocol import LawTable
from stress.scenarios.impact.registry import LAWS
from stress.scenarios.origin import Origin
from stress.scenarios.outside.protocol import OutsideTable
from stress.scenarios.outside.registry import TABLES as OUTSIDE
from stress.scenarios.read.fields import Identifier, Name, Table, refuse
from stress.scenarios.read.files import InputFiles
from stress.scenarios.schema.correlation import Correlation
from stress.scenarios.schema.funds import Book, Crowding, Fund, Group
from stress.scenarios.schema.impact import Impact, impact_model
from stress.scenarios.schema.margin import BrokerTerms, Margin
from stress.scenarios.schema.market import Asset, Cascade, Estimation, Horizon, Liquidity, Shocks
from stress.scenarios.schema.ranges import Range
from stress.scenarios.schema.triggers import AllFunds, book_keys, fund_triggers, triggers
from stress.scenarios.triggers.protocol import TriggerTable
from stress.scenarios.triggers.registry import TABLES as TRIGGERS


class Scenario(Table):
    """A scenario as written (assets and funds of CSV files inlined), every number in base units.

    A table that is None was left out: its mechanism is off.
    """

    # Files are validated by `scenario_model`: its tables have the keys of the triggers, laws and flows there are.

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    name: Name
    title: str = ""
    description: str = ""
    sources: list[str] = Field(default_factory=list)
    assumed: str | None = Field(
        default=None, description="a CSV file (key, value, rule, grade, source) of values that the scenario leaves out"
    )
    horizon: Horizon = Horizon()
    assets: Annotated[list[Asset], Field(min_length=1, max_length=2_000)]
    correlation: Correlation | None = None
    shocks: Shocks | None = None
    funds: Annotated[list[Fund], Field(min_length=1, max_length=2_000)]
    crowding: dict[Identifier, Crowding] = Field(default_factory=dict, description="by fund")
    groups: Annotated[list[Group], Field(max_length=50)] = Field(
        default_factory=list, description="funds that are reported together, as the whole system is"
    )
    prime_brokers: dict[Identifier, BrokerTerms] = Field(default_factory=dict, description="own terms of brokers")
    margin: Margin | None = None
    triggers: AllFunds | None = None
    impact: Impact | None = None
    liquidity: Liquidity | None = None
    cascade: Cascade = Cascade()
    estimation: Estimation = Estimation()
    ranges: Annotated[list[Range], Field(max_length=1_000)] = Field(
        default_factory=list,
        description="how far off numbers may be: for `levstress sensitivity`, of no effect on a run",
    )

    _files: InputFiles = PrivateAttr(default_factory=InputFiles)
    _document: dict[str, Any] = PrivateAttr(default_factory=dict)
    _origin: Origin = PrivateAttr(default_factory=Origin)
    _with: Callable[[dict[str, object], Shock], Scenario] = PrivateAttr()

    @model_validator(mode="after")
    def _distinct_ids(self) -> Scenario:
        named = (("assets", self.assets), ("funds", self.funds), ("groups", self.groups))
        for key, ids in ((key, [one.id for one in entries]) for key, entries in named):
            for identifier, uses in Counter(ids).items():
                if uses > 1:
                    raise refuse("is used more than once", "distinct ids", f"{key}.{identifier}.id")
        return self

    def __repr__(self) -> str:
        funds, assets, steps = len(self.funds), len(self.assets), self.horizon.steps
        return f"Scenario({self.name!r}: {funds} funds, {assets} assets, {steps} steps; {self.origin.sentence()})"

    __str__ = __repr__

    @property
    def files(self) -> InputFiles:
        """The files this scenario was read from."""
        return self._files

    @property
    def origin(self) -> Origin:
        """The file or library scenario that this one was read from, and what was changed in it."""
        return self._origin

    @property
    def source(self) -> str:
        """Name of the scenario file, for messages."""
        return self._files.scenario_file

    def set(self, key: str, value: object) -> Scenario:
        """A copy with one value changed, as `--set` does: `scenario.set("funds.tmt.gross", 3)`.

        Raises:
            ScenarioError: no such key, or a value that it cannot have.
        """
        return self._with({key: value}, ())

    def with_values(self, values: Mapping[str, object]) -> Scenario:
        """A copy with several values changed at once: `scenario.with_values({"shocks.scale": 2, "shocks.dof": 3})`.

        Raises:
            ScenarioError: as for `set`.
        """
        return self._with(dict(values), ())

    def shock(self, shock: Shock) -> Scenario:
        """A copy with more conditions, as `--shock` does: `scenario.shock({"tech": "-10 %"})`, or "tech=-10%@2".

        Raises:
            ScenarioError: another form, or a key or move that a condition cannot have.
        """
        return self._with({}, shock)

    @property
    def document(self) -> dict[str, Any]:
        """A copy of the document as validated: the file with tables inlined and overrides applied."""
        return deepcopy(self._document)


def scenario_model() -> type[Scenario]:
    """The model of a file with the mechanisms that are registered by now."""
    return _model(tuple(TRIGGERS.values()), tuple(LAWS.values()), tuple(OUTSIDE.values()))


@lru_cache(maxsize=4)
def _model(
    trigger_tables: tuple[TriggerTable, ...], laws: tuple[LawTable, ...], outside: tuple[OutsideTable, ...]
) -> type[Scenario]:
    of_funds: Any = fund_triggers(trigger_tables)
    common: Any = triggers(of_funds)
    impact: Any = impact_model(laws)
    book: Any = create_model("Book", __base__=(*book_keys(trigger_tables), Book), __doc__=Book.__doc__)
    books: Any = Annotated[list[book], Field(min_length=1)] | None
    fund: Any = create_model(
        "Fund", __base__=Fund, __doc__=Fund.__doc__, triggers=(of_funds | None, None), books=(books, None)
    )
    flows: dict[str, Any] = {table.name: (_named(table) | None, None) for table in outside}
    model: Any = create_model(
        "Scenario",
        __base__=Scenario,
        __doc__=Scenario.__doc__,
        funds=(Annotated[list[fund], Field(min_length=1, max_length=2_000)], ...),
        triggers=(common | None, None),
        impact=(impact | None, None),
        **flows,
    )
    found: type[Scenario] = model
    return found


def _named(table: OutsideTable) -> Any:
    """The model of an outside flow's table under the name of the flow."""
    name = "".join(word.title() for word in table.name.split("_"))
    return create_model(name, __base__=table.keys, __doc__=table.keys.__doc__)


def _every_table(model: type[Table] = Table) -> Iterator[type[Table]]:
    for table in model.__subclasses__():
        yield table
        yield from _every_table(table)


def json_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the scenario file."""
    schema = _plain(scenario_model().model_json_schema(by_alias=True))
    for model in _every_table():
        properties = schema["$defs"].get(model.__name__, {}).get("properties", {})
        for attribute, field in model.model_fields.items():
            name = field.alias or attribute
            if name in properties and "anyOf" in properties[name]:  # numbers with units: pydantic leaves the bounds out
                properties[name] |= {
                    _BOUNDS[b]: getattr(m, b) for m in field.metadata for b in _BOUNDS if hasattr(m, b)
                }
    for key in ("assets", "funds"):
        in_file = schema["properties"][key]
        schema["properties"][key] = {
            "title": in_file.pop("title"),
            "anyOf": [in_file, {"type": "string", "description": "a CSV file with the same names as columns"}],
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:levstress:scenario:1",
        **schema,
        "title": "levstress scenario",
    }


_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def _plain(node: Any) -> Any:
    """Bounds under their JSON Schema names; no null, which TOML cannot say."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {}
    for key, value in node.items():
        if key == "default" and value is None:
            continue
        if key == "anyOf":
            value = [item for item in value if item != {"type": "null"}]
            if len(value) == 1:
                result.update(_plain(value[0]))
                continue
        result[key if isinstance(value, dict) else _BOUNDS.get(key, key)] = _plain(value)
    return result
