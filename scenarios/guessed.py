"""NAVs that are a guess: a line among a scenario's sources, which goes wherever the scenario goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

GUESS = "D"  # grade of a judgement
_MARK = f"assumed, grade {GUESS}: NAV of "
_IN_A_LINE = 500


def nav_keys(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Funds whose NAV is a guess, from rows (key, value, rule, grade) of assumptions.

    A rule that ends with another number than the value has been overruled by hand.
    """
    keys = [str(row["key"]) for row in rows if row.get("grade", "") == GUESS and not _by_hand(row)]
    return [key[6:-4].strip('"') for key in keys if key.startswith("funds.") and key.endswith(".nav")]


def _by_hand(row: Mapping[str, Any]) -> bool:
    _, found, number = str(row.get("rule", "")).rpartition(": ")
    return bool(found) and number.replace(".", "", 1).isdigit() and number != row["value"]


def with_guesses(sources: Iterable[str], funds: Iterable[str]) -> list[str]:
    """Sources with the line, or with several of very many funds."""
    names = list(funds)
    lines = [names[n : n + _IN_A_LINE] for n in range(0, len(names), _IN_A_LINE)]
    return [*sources, *(_MARK + ", ".join(line) for line in lines)]


def without_given(sources: Any, keys: Iterable[str]) -> Any:
    """Sources whose line leaves out what `--set` has given; what is no list of texts is left as it stands."""
    given = {key[6:-4].strip('"') for key in keys if key.startswith("funds.") and key.endswith(".nav")}
    if not given or not isinstance(sources, list):
        return sources
    others = [text for text in sources if not (isinstance(text, str) and text.startswith(_MARK))]
    return with_guesses(others, [fund for fund in guessed(sources) if fund not in given])


def guessed(sources: Iterable[Any]) -> list[str]:
    """Funds whose NAV is a guess, as the sources say."""
    lines = [text[len(_MARK) :] for text in sources if isinstance(text, str) and text.startswith(_MARK)]
    return [fund for line in lines for fund in line.split(", ")]


def sentence(funds: Sequence[str]) -> str:
    """Of the funds whose NAV is a guess, for whoever reads numbers that hang on it; "" where there are none."""
    count = f"{len(funds)} funds" if len(funds) > 1 else "1 fund"
    return f"NAV of {count} is a guess: leverage, percentages of NAV and calls hang on it." if funds else ""
