"""A run directory in the hands of one run: begun or taken up, filled with blocks, sealed; everything under a claim."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from stress.results.files.durable_write import flush, remove_leftovers
from stress.results.files.store import RESULT, SPEC, RunExists
from stress.run_directory.chunk_store import FOLDER, ChunkStore
from stress.run_directory.claims import Claim, claimed
from stress.run_directory.ours import refuse_foreign
from stress.run_directory.replaced_run import forget, put_back, restore, set_aside
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import check_same, identity_digest, read_spec, write_spec
from stress.run_directory.writing import writing


class WriteRun(Protocol):
    """Writes a result and its spec, as `stress.results.files.store.write_run` does."""

    def __call__(self, spec: dict[str, Any], out: Path, *, owner: str, ready: Any) -> object:
        """See `stress.results.files.store.seal`."""
        ...


class TakenRun:
    """A run whose directory this process has claimed.

    Attributes:
        location: of the run.
        spec: as it stands there.
        store: its finished blocks.
    """

    def __init__(self, location: RunLocation, spec: dict[str, Any], claim: Claim) -> None:
        self.location, self.spec, self._claim = location, spec, claim
        self.store = ChunkStore(location.folder, identity_digest(spec), self._keep)

    def seal(self, write: WriteRun) -> None:
        """Have the result in the directory. Of two that seal the same run at once, one does, and both are well.

        Raises:
            InUse: the directory was taken over.
            RunExists: it holds another finished run.
            CannotWrite, NotEnoughResources: the disk or the store refuses.
        """
        location = self.location
        with writing(location.folder), self._claim.sealing():
            if self._claim.holder.run is not None and location.has(RESULT):
                self.check_unchanged()
                return
            write(self.spec, location.folder, owner=self._claim.holder.token, ready=self.check_unchanged)
            location.push_result()
            forget(location)
            remove_leftovers(location.folder)
            remove_leftovers(location.folder / FOLDER)

    def check_unchanged(self) -> None:
        """Be sure that the directory is still of this run, and this process's to write.

        Raises:
            InUse, OtherRun: it is not.
        """
        self._claim.confirm()
        self.location.fetch(SPEC)
        check_same(self.location.name, read_spec(self.location.folder), self.spec)

    def _keep(self, path: Path) -> None:
        """A block is whole."""
        if self._claim.lost:
            self._claim.confirm()
        self.location.push(path)


@contextmanager
def taken(
    location: RunLocation, spec: dict[str, Any], overwrite: bool = False, resume: bool = False
) -> Iterator[TakenRun]:
    """Begin a run, or take one up, in a directory that is claimed while the block lasts.

    A run that ends before its first block leaves everything as it was.

    Args:
        location: of the run.
        spec: of the run.
        overwrite: set aside what is there.
        resume: share the directory with others that work on this run, and go on with what is there.

    Raises:
        InUse: another process works there; it is named.
        RunExists: a finished run is there, or an unfinished one and neither `overwrite` nor `resume` is given.
        OtherRun: another run is there than the one to be taken up.
        CannotWrite, NotEnoughResources: the disk or the store refuses, or holds what is not ours.
    """
    with claimed(location, identity_digest(spec) if resume else None) as claim:
        with writing(location.folder):
            run = TakenRun(location, _begun(claim, spec, overwrite, resume), claim)
        try:
            yield run
        except BaseException:
            run.store.close()
            if not resume and claim.is_held():
                put_back(location)
            raise
        run.store.close()


def check_vacant(location: RunLocation, overwrite: bool = False, resume: bool = False) -> None:
    """Refuse a directory that holds another run, also before anything is computed for it.

    Raises:
        RunExists: a finished run is there, or an unfinished one and neither `overwrite` nor `resume` is given.
    """
    if location.has(RESULT) and not overwrite:
        more = "nothing is left to compute" if resume else "choose another directory, or overwrite it"
        raise RunExists(f"{location.name} already holds a finished run; {more}")
    if not (overwrite or resume) and (location.has(SPEC) or location.has(FOLDER)):
        raise RunExists(
            f"{location.name} holds an unfinished run: resume it, choose another directory, or overwrite it"
        )


def _begun(claim: Claim, spec: dict[str, Any], overwrite: bool, resume: bool) -> dict[str, Any]:
    """Have the spec in the directory; returns it as it stands there."""
    location = claim.location
    if not (resume and location.has(SPEC)):
        refuse_foreign(location)
    if not (resume or location.has(SPEC)):
        restore(location)  # an earlier run was stopped when it had made room, and nothing of its own was there
    if resume and location.has(SPEC):
        location.fetch(SPEC)
        there = read_spec(location.folder)
        check_same(location.name, there, spec)  # before it is said of a finished one that nothing is left
        check_vacant(location, overwrite, resume)
        location.fetch(FOLDER)
        if (blocks := location.folder / FOLDER).is_dir():
            flush(blocks)  # names that a process which was killed has left are not safe yet, and are built upon now
        return there
    check_vacant(location, overwrite, resume)
    try:
        if not resume:  # else blocks that are there say themselves whether they are of this run
            claim.confirm()
            set_aside(location)
            claim.confirm()
        write_spec(location.folder, spec)
        location.push(location.folder / SPEC)
    except BaseException:
        if not resume and claim.is_held():
            restore(location)
        raise
    return spec
