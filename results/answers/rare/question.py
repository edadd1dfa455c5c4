"""What a question about rare losses asks for: a figure of one row."""

from __future__ import annotations

from typing import Any, NamedTuple


class Question(NamedTuple):
    """A VaR, an ES, or the probability of a larger loss or of a default.

    Attributes:
        text: as a user writes it.
        kind: "var", "es", "loss" (the probability of a larger one) or "default" (that of one).
        who: a fund, a group, or "system": its loss, or a default of any of its funds.
        level: of VaR and ES, decimal text; else None.
        bound: of "loss", a fraction of start NAV; else None.
    """

    text: str
    kind: str
    who: str
    level: str | None = None
    bound: float | None = None

    @classmethod
    def of(cls, document: dict[str, Any]) -> Question:
        """From what `document` gives."""
        return cls(**document)

    def document(self) -> dict[str, Any]:
        """For a spec."""
        return dict(self._asdict())
