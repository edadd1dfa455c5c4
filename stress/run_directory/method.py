"""The method of a run, by which further paths serve a question: fitted once, read back from its spec."""

from __future__ import annotations

from typing import Any

from stress.engine.weighted.method import Method
from stress.options import PLAIN
from stress.results.files.store import SPEC, UnfinishedRun
from stress.run_directory.spec import METHOD_DIGEST, OtherRun


def method_of(spec: dict[str, Any], name: str) -> Method | None:
    """The method of the spec of the run directory `name`, None where all paths are plain; raises what `fitted` does."""
    digest = spec["identity"].get(METHOD_DIGEST)
    if "method" not in spec and digest is None:
        return None
    return fitted(spec.get("method"), digest, name)


def fitted(document: Any, digest: Any, name: str) -> Method:
    """The method that the spec of the directory `name` holds, if it has the digest that stands beside it.

    Raises:
        UnfinishedRun: it is none, or has not the numbers that were fitted.
    """
    try:
        method = Method.of(document)
        unchanged = method.digest() == digest
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnfinishedRun(f"{SPEC} of {name} has been changed: its method is none") from error
    if not unchanged:
        raise UnfinishedRun(
            f"{SPEC} of {name} has been changed: its method has not the numbers that the run began with"
        )
    return method


def check_wanted(name: str, there: Method | None, wanted: str, question: str) -> None:
    """Refuse to go on by another method, or for another question; `wanted` is "plain" where there is to be none.

    Raises:
        OtherRun: naming what differs.
    """
    before = (PLAIN, "") if there is None else (there.wanted, there.question.text)
    for what, old, new in zip(("method", "for"), before, (wanted, question), strict=True):
        if old != new:
            raise OtherRun(f"{name} holds another run: {what} {old} there, {new} now")
