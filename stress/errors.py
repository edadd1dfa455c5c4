"""Failures that a user can act on; the command line turns each into its exit code."""

from __future__ import annotations


class DeviceNotFound(RuntimeError):
    """The device, or the cluster, asked for is not there (exit 4)."""


class NotEnoughResources(RuntimeError):
    """Too little memory or disk for the run (exit 5)."""


class InvariantFailed(RuntimeError):
    """A numerical or accounting invariant does not hold: the numbers cannot be trusted (exit 7)."""


class WrongExtension(RuntimeError):
    """A mechanism from outside the package does not give what it is asked for (exit 3)."""


class MissingExtra(ImportError):
    """What was asked for needs a library that is not installed (exit 2)."""
