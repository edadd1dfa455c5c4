"""The mechanisms that an ablation takes out, in their order, and what each is called."""

from __future__ import annotations

MECHANISMS = {  # name -> what it adds when it is there
    "retail": "dip-buyers",
    "evaporation": "vanishing depth",
    "crowding": "others' sales",
    "impact": "impact of own sales",
    "hikes": "margin hikes",
    "calls": "margin calls",
    "rules": "own rules",
}
ALONE = {  # name -> the same where it alone is taken out
    **MECHANISMS,
    "impact": "impact of all sales",
}
BASE = "base"  # the stage without any of them


def added_by(name: str, sequence: tuple[str, ...]) -> str:
    """What a mechanism is called in a sequence: impact is that of own sales where others' went before."""
    return MECHANISMS[name] if name != "impact" or "crowding" in sequence else ALONE[name]
