"""The `levstress` command. Heavy imports stand inside the commands: help and completion stay fast."""

from stress.cli.app import app, main

__all__ = ["app", "main"]
