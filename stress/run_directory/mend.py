"""Clear away what is damaged in a run directory, so that `resume` computes it again and seals a sound result."""

from __future__ import annotations

from stress.results.files.checked import Damaged, check_sums
from stress.results.files.store import REPLACED, RESULT, SPEC, DamagedRun, UnfinishedRun, open_result
from stress.run_directory.chunk_store import FOLDER, ChunkStore
from stress.run_directory.claims import claimed
from stress.run_directory.method import method_of
from stress.run_directory.replaced_run import forget
from stress.run_directory.run_location import RunLocation
from stress.run_directory.spec import check_same, identity_digest, problem_of, spec_of, spec_of_run, write_spec
from stress.run_directory.writing import writing


def is_damaged(location: RunLocation) -> bool:
    """Whether a result that is there is not what was written, or is beside the spec of another run; reads all of it."""
    location.fetch(RESULT, SPEC)
    try:
        check_sums(location.folder / RESULT)
        open_result(location.folder).close()
    except (Damaged, DamagedRun):
        return True
    return False


def mend(location: RunLocation, result: bool = False, blocks: bool = False) -> list[str]:
    """Remove the damaged files of a run; a spec that is gone is taken from the result.

    Nothing is removed unless this version and device can compute it again.

    Args:
        location: of the run; what belongs to it is fetched.
        result: the result goes as well, into the folder of what is replaced when the next one is sealed.
        blocks: so do all blocks; those that have their digest hold wrong numbers.

    Returns:
        What was done, a line each.

    Raises:
        UnfinishedRun: neither the spec nor that in the result can be read.
        OtherRun: this version, device type or package computes other numbers than the run was begun with.
        InUse: another process works there.
    """
    location.fetch()
    done, out = list[str](), location.folder
    try:
        tree = open_result(out / RESULT)
    except (DamagedRun, UnfinishedRun, FileNotFoundError):
        tree = None
    spec, lost = spec_of_run(out, tree)
    if tree is not None:
        tree.close()
    problem, options = problem_of(spec, location.name)
    check_same(location.name, spec, spec_of(problem, options, method_of(spec, location.name)))
    with claimed(location), writing(out):
        if lost:
            write_spec(out, spec)
            location.push(out / SPEC)
            done.append(f"{SPEC} written again from the result")
        store = ChunkStore(out, identity_digest(spec))
        store.close()
        unsound = [file.path.name for file in store.files() if blocks or store.read(file) is None]
        for name in unsound:
            location.remove(f"{FOLDER}/{name}")
        if unsound:
            kind = "doubted" if blocks else "damaged"
            done.append(f"{len(unsound)} {kind} {'block' if len(unsound) == 1 else 'blocks'} removed")
        if location.has(RESULT) and is_damaged(location):
            location.remove(RESULT)
            done.append(f"{RESULT} removed")
        elif location.has(RESULT) and result:  # it can be read: it stays until another one is there
            forget(location)
            location.move(RESULT, f"{REPLACED}/{RESULT}")
            done.append(f"{RESULT} set aside")
    return done
