"""`[shocks] replay`: the name of a library episode, or a table that says how names follow it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from stress.scenarios.read.fields import Columns, Fraction, Identifier, Number, Table


def _table_or_text(value: object) -> str:
    return "<text>" if isinstance(value, str) else "<table>"


Exposures = Annotated[
    Annotated[dict[Identifier, Fraction], Tag("<table>")] | Annotated[str, Tag("<text>")],
    Discriminator(_table_or_text),
]


class Replay(Table):
    """The days of a library episode on the scenario's own names: day k in step (k - 1) steps_per_day + 1."""

    episode: str = Field(description="name of a library scenario with scripted moves")
    moves: Literal["auto", "observed", "news"] = Field(
        default="auto",
        description="observed moves, or the news without the funds' own selling; auto: news where all funds of the "
        "episode are in the scenario, else observed",
    )
    returns: Columns | None = Field(
        default=None,
        description="daily returns for regressions, as of [shocks.bootstrap]; default: returns.csv, if any",
    )
    kind: Literal["log", "simple"] = Field(
        default="log", description="of the returns; `levstress init` writes log ones"
    )
    map: dict[Identifier, Exposures] = Field(
        default_factory=dict,
        description="what a name follows by hand: a library asset, a table of exposures to some (with `residual`, the "
        'share of its own draw that is left), or "draw": it is drawn as ever',
    )
    freed: list[Identifier] | None = Field(
        default=None,
        description="assets whose draws are taken out of residuals; default: those that others are regressed on",
    )
    because: str = Field(default="", description="of a record: why these moves")
    how: dict[Identifier, str] = Field(default_factory=dict, description="of a record: rule by which names follow")
    r_squared: dict[Identifier, Number] = Field(default_factory=dict, description="of a record: of regressions")


ReplayOrName = Annotated[
    Annotated[Replay, Tag("<table>")] | Annotated[str, Tag("<text>")], Discriminator(_table_or_text)
]
