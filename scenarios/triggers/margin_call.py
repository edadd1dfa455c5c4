"""Margin calls: their terms stand in `[margin]`."""

from __future__ import annotations

from stress.scenarios.triggers.protocol import TriggerTable


class _MarginCall(TriggerTable):
    name = "margin_call"
    because = "margin calls"


TABLE = _MarginCall()
