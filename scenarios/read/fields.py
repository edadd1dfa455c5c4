"""Field types of the scenario file: numbers with units, identifiers, and values that may name a file."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    PlainValidator,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from stress.scenarios.errors import suggest
from stress.scenarios.read import quantities, units

NAME_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"  # of a scenario, and so of folders
_NAME_ALLOWED = "1 to 64 of the characters A-Z a-z 0-9 _ . - and not a dot or dash first"
# Of assets, funds, books, brokers: labels, never a part of a path. What separates cells, keys or words is left out.
ID_PATTERN = r"^[^\x00-/:-@\[-^`{-\xa0][^\x00-\x1f\"\\,;=<>|\[\]{}\x7f-\xa0]{0,63}$"
_ID_ALLOWED = '1 to 64 letters, digits, blanks and signs, a letter, digit or _ first, none of " \\ , ; = < > | [ ] { }'
LARGEST_LEVEL = 1e6  # of a limit or target, in multiples
LARGEST_LOADING = 10.0  # of one asset on another
LOWEST_USD = 1.0  # of a fund, and of a day of volume
UNKNOWN_KEY = "unknown key"
_SHORTEST_HALF_LIFE = 1e-6  # days
_WHOLE = r"\d+(_\d+)*"
_DIGITS = rf"[+-]?({_WHOLE}\.?({_WHOLE})?|\.{_WHOLE})([eE][+-]?\d+)?"

_Parsed = TypeVar("_Parsed")


def refuse(problem: str, allowed: str, key: str = "") -> PydanticCustomError:
    """An error that `translate` turns into a ScenarioError; `key` is appended to the place where it is raised."""
    return PydanticCustomError("scenario", "{problem}", {"problem": problem, "allowed": allowed, "key": key})


def _parsed(parse: Callable[[object], _Parsed]) -> Callable[[object], _Parsed]:
    def read(value: object) -> _Parsed:
        try:
            return parse(value)
        except units.UnitError as error:
            raise refuse(error.problem, error.allowed) from error

    return read


def _leverage(value: object) -> object:
    _check_level(units.leverage(value))
    return value


def _fund_volatility(value: object) -> object:
    _check_level(units.fund_volatility(value))
    return value


def _check_level(level: units.Leverage | units.Volatility) -> None:
    """A level that nothing reaches is written as "none"; arithmetic of 32 bits has an end."""
    if LARGEST_LEVEL < level.value < math.inf:
        raise refuse("is too large", f'{LARGEST_LEVEL:g} at most, or "none"')


def _name(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(NAME_PATTERN, value):
        raise refuse("is no valid name", _NAME_ALLOWED)
    return value


def _identifier(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(ID_PATTERN, value):
        raise refuse("is no valid id", _ID_ALLOWED)
    strange = next((char for char in value if not char.isprintable()), None)
    if strange is not None:
        raise refuse(f"holds {unicodedata.name(strange, 'a character')} (U+{ord(strange):04X})", "what can be seen")
    if value != unicodedata.normalize("NFC", value):
        raise refuse("has an accent apart from its letter", "composed letters (Unicode's form NFC)")
    if value != " ".join(value.split()):
        raise refuse("ends with a blank, or has two together", "single blanks inside")
    return value


def _drift(value: object) -> object:
    if value == "martingale":
        return value
    try:
        drift = units.fraction(value)
    except units.UnitError as error:
        raise refuse(error.problem, f'{error.allowed}, or "martingale"') from error
    if abs(drift) > quantities.DRIFT.most:
        least, most = quantities.DRIFT.possible
        raise refuse("is too large", f'between {least:g} and {most:g}, or "martingale"')
    return drift


def _half_life(value: object) -> object:
    if value == "none":
        return value
    allowed = 'a positive number of days, or "none" (no decay)'
    try:
        days = units.number(value)
    except units.UnitError as error:
        raise refuse(error.problem, allowed) from error
    if days <= 0:
        raise refuse("is not positive", allowed)
    if days < _SHORTEST_HALF_LIFE:
        raise refuse("is too short", f"{_SHORTEST_HALF_LIFE:g} days or more")
    return days


def _number_or_text(pattern: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": rf"^\s*{_DIGITS}{pattern}\s*$"}]}
    )


Number = Annotated[float, BeforeValidator(_parsed(units.number)), _number_or_text("")]
Fraction = Annotated[
    float, BeforeValidator(_parsed(units.fraction)), _number_or_text(r"\s*(%|bp)?"), quantities.FRACTION
]
Loading = Annotated[Number, Field(ge=-LARGEST_LOADING, le=LARGEST_LOADING)]
Share = Annotated[Fraction, quantities.SHARE]
Move = Annotated[Fraction, quantities.MOVE]
AnnualVolatility = Annotated[Fraction, quantities.VOLATILITY]
Rate = Annotated[Fraction, quantities.RATE]
Multiple = Annotated[Fraction, quantities.LEVERAGE]
Money = Annotated[float, BeforeValidator(_parsed(units.money)), _number_or_text(r"\s*(k|m|mn|bn|tn)?\s*(USD)?")]
Level = Annotated[str, BeforeValidator(_parsed(units.level_text)), _number_or_text(r"\s*(%|bp)?")]
LeverageLimit = Annotated[
    float | str,
    BeforeValidator(_parsed(_leverage)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_LEVEL},
                {"type": "string", "pattern": rf"^(\s*{_DIGITS}(\s*x\s+start)?\s*|none)$"},
            ]
        }
    ),
]
FundVolatility = Annotated[
    float | str,
    BeforeValidator(_parsed(_fund_volatility)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": rf"^\s*({_DIGITS}\s*(%|bp|x\s+start)?|start|none)\s*$"},
            ]
        }
    ),
    quantities.VOLATILITY,
]
Drift = Annotated[
    float | Literal["martingale"],
    PlainValidator(_drift),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": rf"^\s*({_DIGITS}\s*(%|bp)?|martingale)\s*$"}]}
    ),
    quantities.DRIFT,
]
HalfLife = Annotated[
    float | Literal["none"],
    PlainValidator(_half_life),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": rf"^\s*{_DIGITS}\s*$|^none$"},
            ]
        }
    ),
]
LadderPoints = list[Annotated[list[Annotated[Fraction, quantities.LADDER]], Field(min_length=2, max_length=2)]]
Points = list[Annotated[list[Fraction], Field(min_length=2, max_length=2)]]
Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]
Identifier = Annotated[str, BeforeValidator(_identifier), WithJsonSchema({"type": "string", "pattern": ID_PATTERN})]


def _kind(value: object) -> str:
    """Which form a value takes; the tags carry brackets so that `translate` can leave them out of the key."""
    if isinstance(value, str):
        return "<file>"
    return "<rows>" if isinstance(value, list) else "<table>"


def _kind_or_file(value: object) -> str:
    return "<file>" if isinstance(value, str) else "<table>"


Positions = Annotated[
    Annotated[dict[Identifier, Fraction], Tag("<table>")] | Annotated[str, Tag("<file>")], Discriminator(_kind_or_file)
]
Matrix = Annotated[
    Annotated[dict[Identifier, dict[Identifier, Fraction]], Tag("<table>")]
    | Annotated[list[list[Fraction]], Tag("<rows>")]
    | Annotated[str, Tag("<file>")],
    Discriminator(_kind),
]


def _one_or_table(value: object) -> str:
    return "<table>" if isinstance(value, dict) else "<number>"


NumbersByAsset = Annotated[
    Annotated[dict[Identifier, Number], Tag("<table>")] | Annotated[Number, Tag("<number>")],
    Discriminator(_one_or_table),
]
FractionsByAsset = Annotated[
    Annotated[dict[Identifier, Fraction], Tag("<table>")] | Annotated[Fraction, Tag("<number>")],
    Discriminator(_one_or_table),
]
AmountsByAsset = Annotated[
    Annotated[dict[Identifier, Money], Tag("<table>")] | Annotated[Money, Tag("<number>")],
    Discriminator(_one_or_table),
]
_Dof = Annotated[Number, Field(gt=2, le=1e9)]
AssetClass = Literal["equity", "credit", "rates", "commodity", "fx", "crypto", "other"]
DegreesOfFreedom = Annotated[
    Annotated[dict[AssetClass, _Dof], Tag("<table>")] | Annotated[_Dof, Tag("<number>")], Discriminator(_one_or_table)
]
Columns = Annotated[
    Annotated[dict[Identifier, list[Fraction]], Tag("<table>")] | Annotated[str, Tag("<file>")],
    Discriminator(_kind_or_file),
]
Rows = Annotated[
    Annotated[dict[Identifier, dict[Identifier, Fraction]], Tag("<table>")] | Annotated[str, Tag("<file>")],
    Discriminator(_kind_or_file),
]


class Table(BaseModel):
    """A table of the file: unknown keys are errors that list the known ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def later_keys(cls) -> frozenset[str]:
        """Keys of the scenario format that this version does not implement."""
        return frozenset()

    @classmethod
    def written_keys(cls) -> tuple[str, ...]:
        """Its keys under their names in the file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @property
    def given(self) -> frozenset[str]:
        """Keys of the file that were set, under their names there."""
        fields = type(self).model_fields
        return frozenset(fields[name].alias or name for name in self.model_fields_set)

    @model_validator(mode="wrap")
    @classmethod
    def _known_keys_only(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        known = list(cls.written_keys())
        strange = [str(key) for key in data if key not in known] if isinstance(data, dict) else []
        if not strange:
            return handler(data)
        problems = [InitErrorDetails(type=cls._unknown(key, known), input=data[key]) for key in strange]
        try:
            handler({key: value for key, value in data.items() if key in known})
        except ValidationError as error:
            found = error.errors(include_url=False)
            problems += [_again(problem) for problem in found if not _may_follow(problem)]
        raise ValidationError.from_exception_data(cls.__name__, problems)

    @classmethod
    def _unknown(cls, key: str, known: list[str]) -> PydanticCustomError:
        if key in cls.later_keys():
            return refuse("is not implemented in this version", f"the keys {', '.join(known)}", key)
        return refuse(UNKNOWN_KEY, suggest(key, known), key)


def _may_follow(found: ErrorDetails) -> bool:
    """Whether a problem may come from a misspelt key of the same table: one is missing, or keys do not go together."""
    return not found["loc"] or (found["type"] == "missing" and len(found["loc"]) == 1)


def _again(found: ErrorDetails) -> InitErrorDetails:
    """A problem that pydantic has reported, to be raised once more."""
    context = found.get("ctx", {})
    own = found["type"] == "scenario"
    kind = PydanticCustomError("scenario", "{problem}", context) if own else found["type"]
    return InitErrorDetails(type=kind, loc=found["loc"], input=found["input"], ctx=context)
