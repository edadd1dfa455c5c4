"""What an impact law is on the side of the file: its keys, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stress.scenarios.problem import Floats
from stress.scenarios.read.fields import Table, refuse

OneOrByAsset = float | dict[str, float] | None
ByAsset = Callable[[OneOrByAsset, str], Floats]  # a value of the file and its key -> (asset,)


class LawTable:
    """One law; registered in `scenarios.impact.registry` under its name, which is `impact.law` in files.

    Attributes:
        name: the one word for it.
        keys: its keys of `[impact]`; no other law may have them.
        required: those that have to be written.
    """

    name: str
    keys: type[Table]
    required: tuple[str, ...] = ()

    def parameters(self, table: Any, by_asset: ByAsset) -> Any:
        """The record in `Problem.impact.parameters`.

        Args:
            table: `[impact]`, with the keys of this law.
            by_asset: spreads one number, or a table by asset id or class, over the assets.
        """
        raise NotImplementedError


def positive(value: OneOrByAsset) -> OneOrByAsset:
    """Refuse numbers that are not positive, one or by asset."""
    entries = value if isinstance(value, dict) else {"": 1.0 if value is None else value}
    for name, number in entries.items():
        if number <= 0:
            raise refuse("is not positive", "numbers above 0, one or by asset id or asset class", name)
        if not 1e-30 <= number <= 1e18:
            raise refuse("is out of range", "numbers between 1e-30 and 1e18", name)
    return value
