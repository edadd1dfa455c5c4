"""Failures that a user can act on; the command line turns each into its exit code."""

from __future__ import annotations


class DeviceNotFound(RuntimeError):
    """The device asked for is not on this machine (exit 4)."""


class NotEnoughResources(RuntimeError):
    """Too little memory or disk for the run (exit 5)."""


class InvariantFailed(RuntimeError):
    """A numerical or accounting invariant does not hold: the numbers cannot be trusted (exit 7)."""
