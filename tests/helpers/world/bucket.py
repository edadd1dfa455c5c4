"""An object store as `RemoteLocation` asks it: listings that are old, puts that fail, that are lost, or come twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class Bucket:
    """Files by name; what a listing says may be a few changes old, what a name holds never is.

    Attributes:
        files: what is there.
        before: called before each request; may raise, and says what goes wrong with a put.
        stale: how many changes a listing may be old.
    """

    protocol = "s3"

    def __init__(self, before: Callable[[str, str], str | None], stale: Callable[[], int]) -> None:
        self.files: dict[str, bytes] = {}
        self.before, self.stale = before, stale
        self._past: list[frozenset[str]] = []

    def invalidate_cache(self) -> None:
        """Listings are as they are."""

    def exists(self, path: str) -> bool:
        self.before("get", path)
        return path in self.files or bool(self._listed(path))

    def isdir(self, path: str) -> bool:
        return False

    def find(self, path: str) -> list[str]:
        self.before("list", path)
        return sorted(({path} & self.files.keys()) | self._listed(path))

    def cat_file(self, path: str) -> bytes:
        self.before("get", path)
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def get_file(self, path: str, target: str) -> None:
        Path(target).write_bytes(self.cat_file(path))

    def put_file(self, source: str, path: str) -> None:
        self.pipe_file(path, Path(source).read_bytes())

    def pipe_file(self, path: str, content: bytes, mode: str = "overwrite") -> None:
        fault = self.before("put", path)
        if fault == "fails":
            raise ConnectionError("no answer")
        for _ in range(2 if fault == "twice" else 1):
            if mode == "create" and path in self.files:
                raise FileExistsError(path)
            self._changes()
            self.files[path] = content
        if fault == "answer lost":
            raise ConnectionError("the answer was lost")

    def copy(self, path: str, new: str) -> None:
        self.pipe_file(new, self.cat_file(path))

    def rm_file(self, path: str) -> None:
        self.before("delete", path)
        self._changes()
        self.files.pop(path, None)

    def _changes(self) -> None:
        self._past = [*self._past[-4:], frozenset(self.files)]

    def _listed(self, path: str) -> set[str]:
        back = self.stale()
        names = self._past[-back] if 0 < back <= len(self._past) else self.files.keys()
        return {name for name in names if name.startswith(f"{path}/")}
