"""A run directory is claimed before anything in it is looked at, and given up when the work is done.

Each holder keeps a file of its own in `.claims` and writes it again every `BEAT` seconds. A run that is begun, or that
replaces another, is alone: it creates `alone.json`, which the disk or the store lets one process do. Workers and
`resume` share one run, named by its identity. First a claim is announced, then the others are looked for: of two
processes that come at once, at least one sees the other, names it and goes.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from stress.errors import NotEnoughResources
from stress.run_directory.holders import LOOK, SILENCE, Holder, Watch, held, holder_in, this_process
from stress.run_directory.ours import refuse_sealed
from stress.run_directory.run_location import CLAIMS, RunLocation

ALONE = f"{CLAIMS}/alone.json"
SEALING = f"{CLAIMS}/sealing.json"
BEAT = 10.0  # seconds from one sign of life to the next
MAY_PASS = (OSError, NotEnoughResources)  # a store that does not answer, a disk that is full: next time perhaps not
PATIENCE = 2.0  # seconds for one that came at the same moment to go again


class InUse(RuntimeError):
    """Another process works in the run directory, or has taken it over (exit 3)."""


class Claim:
    """A claim of this process, see `claimed`.

    Attributes:
        location: of the run.
        holder: what it says of this process.
        lost: somebody has taken the directory over.
        is_taken: others have been looked for, and it is this process's.
        over: set when signs of life are to end.
    """

    def __init__(self, location: RunLocation, run: str | None) -> None:
        self.location, self.holder, self.lost = location, this_process(run), False
        self._own, self.over = f"{CLAIMS}/{self.holder.token}.json", threading.Event()
        self._watch, self.is_taken = Watch(location), False

    def take(self) -> None:
        """Announce it, look for others, and keep it, or raise InUse."""
        held.add(self.holder.token)
        try:
            self._announce()
            if self.holder.run is None:
                self._create(ALONE)
            else:
                self._share()
            end = time.monotonic() + PATIENCE
            while other := self._in_the_way():
                if _rank(other) < _rank(self.holder) or time.monotonic() > end:
                    raise InUse(_told(self.location, other))
                time.sleep(PATIENCE / 20)
            if self.holder.run is None:
                self.location.put(ALONE, replace(self.holder, settled=True).content())
            self.is_taken = True
        except BaseException:
            self.give_up()
            raise

    def confirm(self) -> None:
        """Be sure that nobody has taken the directory over: this process may have slept too long to be waited for.

        Raises:
            InUse: somebody has.
        """
        content = self.location.read(ALONE)
        alone = holder_in(content)
        nobody = alone is None or not alone.settled  # one that is not settled may find this process alive, and go
        mine = self._is_mine(content) if self.holder.run is None else nobody
        if not mine or not self._is_mine(self.location.read(self._own)):
            self.lost = True
            by = "" if alone is None or alone.token == self.holder.token else f" by {alone}"
            raise InUse(
                f"{self.location.name} was taken over{by}: this process gave no sign of life for {SILENCE:.0f} seconds"
            )

    def is_held(self) -> bool:
        """Whether the directory is still this process's, as far as can be told."""
        try:
            self.confirm()
        except (*MAY_PASS, InUse):
            return False
        return True

    @contextmanager
    def sealing(self) -> Iterator[None]:
        """Seal the run, one at a time of those that share it: waits for another that does."""
        while True:
            with suppress(InUse):
                self._create(SEALING)
                break
            time.sleep(LOOK)
        try:
            yield
        finally:
            if self._is_mine(self.location.read(SEALING)):
                self.location.remove(SEALING)

    def beat(self) -> None:
        """Give a sign of life, unless somebody has taken over; while others are waited for, too."""
        if self.is_taken:
            self.confirm()
        if self._is_mine(self.location.read(self._own)):
            self._announce()

    def keep_beating(self) -> None:
        """Give signs of life until the claim is given up or lost."""
        while not self.lost and not self.over.wait(BEAT):
            with suppress(*MAY_PASS, InUse):  # a loss is in `lost`
                self.beat()

    def give_up(self) -> None:
        """Let others have the directory; what cannot be removed names a claim that is no more."""
        held.discard(self.holder.token)
        with suppress(OSError):
            if self.holder.run is None and self._is_mine(self.location.read(ALONE)):
                self.location.remove(ALONE)
            self.location.remove(self._own)
            self.location.remove_empty(CLAIMS)

    def _announce(self) -> None:
        self.holder = replace(self.holder, beat=self.holder.beat + 1, at=time.time())
        self.location.put(self._own, self.holder.content())

    def _is_mine(self, content: bytes | None) -> bool:
        found = holder_in(content)
        return found is not None and found.token == self.holder.token

    def _create(self, name: str) -> None:
        """Have a file that one process at a time can have; that of a holder who is gone is taken over."""
        while not self.location.create(name, self.holder.content()):
            found = self.location.read(name)
            if found is None:
                continue
            if self._watch.alive(name, found):
                raise InUse(_told(self.location, holder_in(found)))
            if self._take_over(name, found, self.holder.content()):
                return

    def _take_over(self, name: str, found: bytes, content: bytes | None) -> bool:
        """Replace the file of a holder that is gone, or remove it, unless somebody else was first.

        Who may is settled by a file of the same kind, named after what is replaced: its name, too, since a machine that
        stops may leave several files empty.
        """
        after = f"{CLAIMS}/after-{hashlib.sha256(name.encode() + found).hexdigest()[:16]}.json"
        self._create(after)
        try:
            if self.location.read(name) != found:
                return False
            self._bury(holder_in(found))
            if content is None:
                self.location.remove(name)
            else:
                self.location.put(name, content)
            return True
        finally:
            self.location.remove(after)

    def _share(self) -> None:
        """Be sure that nobody is alone; one that is gone is cleared away, whoever of those that share does it."""
        while (found := self.location.read(ALONE)) is not None:
            if self._watch.alive(ALONE, found):
                raise InUse(_told(self.location, holder_in(found)))
            try:
                self._take_over(ALONE, found, None)
            except InUse:  # another clears it away
                time.sleep(LOOK)

    def _in_the_way(self) -> Holder | None:
        """One that lives and does not go together with this claim; what is left of others that are gone is removed."""
        if self.holder.run is not None and (alone := holder_in(self.location.read(ALONE))) is not None:
            return alone
        names = [f"{CLAIMS}/{name}" for name in self.location.names(CLAIMS) if not name.startswith("after-")]
        self._watch.remember(names)
        for name in names:
            content = self.location.read(name)
            other = holder_in(content)
            if content is None or other is None or other.run in (None, self.holder.run):
                continue  # who is alone is settled by the other file
            if self._watch.alive(name, content):
                return other
            self._bury(other)
        return None

    def _bury(self, other: Holder | None) -> None:
        """Remove what a holder that is gone has left, so that it ends should it wake up."""
        if other is not None:
            self.location.remove(f"{CLAIMS}/{other.token}.json")
            self.location.discard(other.token)


def _rank(holder: Holder) -> tuple[bool, str, str]:
    """Of two that come at once, the one with the lower rank stays: who is alone, then who was first."""
    return holder.run is not None, holder.since, holder.token


def _told(location: RunLocation, other: Holder | None) -> str:
    who = "a process that has just begun" if other is None else str(other)
    return f"{location.name} is in use by {who}; wait for it, or choose another directory"


def check_free(location: RunLocation, shared: bool = False) -> None:
    """Refuse a directory in which another process works; claims nothing.

    Args:
        location: of the run.
        shared: only one that is alone counts.

    Raises:
        InUse: naming the process.
    """
    names = [f"{CLAIMS}/{name}" for name in location.names(CLAIMS) if not name.startswith("after-")]
    for name in [ALONE] if shared else sorted(names, key=lambda name: name != ALONE):
        content = location.read(name)
        if content is not None and Watch(location).alive(name, content):
            raise InUse(_told(location, holder_in(content)))


@contextmanager
def claimed(location: RunLocation, run: str | None = None) -> Iterator[Claim]:
    """Claim a run directory while the block lasts; a folder that is not there is made, and removed when left empty.

    Args:
        location: of the run.
        run: identity of the run that is shared with others; None: be alone.

    Raises:
        InUse: another process works there; it is named.
        CannotWrite, NotEnoughResources: the folder or the store refuses, or is a sealed result.
    """
    refuse_sealed(location)
    with location.made():
        claim = Claim(location, run)
        beating = threading.Thread(target=claim.keep_beating, name="claim", daemon=True)
        beating.start()
        try:
            claim.take()
            yield claim
        finally:
            claim.over.set()
            beating.join()
            claim.give_up()
