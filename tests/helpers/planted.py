"""What takes the place of a function so that a comparison should see it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

Planted = Callable[[Callable[..., Any]], Callable[..., Any]]  # the wrong function, given the right one


def times(factor: float) -> Planted:
    """What the function gives, times a factor close to 1."""
    return lambda right: lambda *args: right(*args) * factor


def giving(value: Any) -> Planted:
    """The same whatever is asked."""
    return lambda right: lambda *args: value


def first_argument_back(right: Callable[..., Any]) -> Callable[..., Any]:
    """The function does nothing."""
    return lambda first, *others: first


def changed(which: int, change: Callable[[Any], Any]) -> Planted:
    """One argument is another."""
    return lambda right: lambda *args: right(*args[:which], change(args[which]), *args[which + 1 :])


def field(**changes: Callable[[Any], Any]) -> Planted:
    """Some fields of the record that the function gives are others."""

    def plant(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(*args: Any) -> Any:
            found = right(*args)
            return found._replace(**{name: change(getattr(found, name)) for name, change in changes.items()})

        return wrong

    return plant


def put(monkeypatch: pytest.MonkeyPatch, module: str, attribute: str, plant: Planted) -> None:
    """Plant an error in place of `attribute`, dotted where it is of an object, of a module below `stress`."""
    owner: Any = import_module(f"stress.{module}")
    *parts, last = attribute.split(".")
    for part in parts:
        owner = getattr(owner, part)
    monkeypatch.setattr(owner, last, plant(getattr(owner, last)))
