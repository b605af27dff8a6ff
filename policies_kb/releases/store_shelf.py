"""A shelf in rows that somebody else stores, for several machines without a shared disk.

The rows are plain data (tickets.releases keeps them in PostgreSQL). Files are fetched once a machine into a folder that
is a cache: what lies there is verified each time, and fetched again if it is not what it should be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from policies_kb.errors import DamagedError, ShelfMovedError
from policies_kb.releases.files import aside, place
from policies_kb.releases.manifest import BLOCK, Draft, Manifest, digest, digest_of, verified
from policies_kb.releases.shelf import MOVED, Move, MoveKind, Serving, check_expected, no_release

LEFT_BEHIND = timedelta(hours=1)  # so long a file may wait for its release; a publisher takes a minute
MoveRow = tuple[int, str, str, datetime, str]
"""number, by, why, at, kind."""


class Rows(Protocol):
    """What is stored. Each method is one transaction, or several small ones for a file."""

    def current(self) -> int | None:
        """The number of the last move."""
        ...

    def newest(self) -> int:
        """The highest number of a release, 0 without any."""
        ...

    def manifest(self, number: int) -> tuple[str, str] | None:
        """Its text and checksum."""
        ...

    def moves(self) -> list[MoveRow]:
        """Oldest first."""
        ...

    def has_file(self, sha256: str) -> bool:
        """Whether the whole file is stored."""
        ...

    def put_file(self, sha256: str, blocks: Iterable[bytes], size: int, now: datetime) -> None:
        """Store a file, block by block, so that no writer waits long."""
        ...

    def file(self, sha256: str) -> Iterator[bytes]:
        """The blocks of a file; none for one that is not stored."""
        ...

    def add(self, current: int | None, row: tuple[int, str, str], files: frozenset[str], move: MoveRow) -> bool:
        """Store a release (number, text, checksum) and make it current; not if the present one is not `current`.

        Raises KeyError for a file that is not stored.
        """
        ...

    def point_to(self, move: MoveRow) -> None:
        """Add a move."""
        ...

    def sweep(self, before: datetime) -> None:
        """Forget files that no release names and that were stored before."""
        ...

    def serving(self) -> list[tuple[str, int, datetime]]:
        """replica, number, at."""
        ...

    def report(self, replica: str, number: int, now: datetime) -> None:
        """What a process serves."""
        ...

    def forget(self, replica: str) -> None:
        """It ended."""
        ...


class StoreShelf:
    """See the module."""

    def __init__(self, rows: Rows, cache: Path) -> None:
        self._rows = rows
        self._cache = cache

    @property
    def cache(self) -> Path:
        """Where fetched files lie."""
        return self._cache

    def current(self) -> int | None:
        """See Shelf."""
        return self._rows.current()

    def manifest(self, number: int) -> Manifest:
        """See Shelf."""
        found = self._rows.manifest(number)
        if found is None:
            raise no_release(number, self._rows.newest())
        return Manifest.from_json(*found)

    def moves(self) -> tuple[Move, ...]:
        """See Shelf."""
        return tuple(Move(number, by, why, at, MoveKind(kind)) for number, by, why, at, kind in self._rows.moves())

    def fetch(self, sha256: str) -> Path:
        """See Shelf."""
        path = self._blob(sha256)
        if path.exists() and digest_of(path) == sha256:
            return path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part, is_there = aside(path), False
        with part.open("wb") as file:
            for block in self._rows.file(sha256):
                file.write(block)
                is_there = True
        if not is_there or digest_of(part) != sha256:
            part.unlink()
            raise DamagedError(f"the stored file {sha256[:12]}… of a release is gone or damaged; publish again")
        part.replace(path)
        return path

    def publish(self, draft: Draft, files: Mapping[str, Path], now: datetime, expected: int | None) -> Manifest:
        """See Shelf. Files first, in small pieces; then all else in one transaction."""
        check_expected(self._rows.current(), expected)
        for sha256 in sorted(draft.files):
            self._take_in(sha256, files, now)
        manifest = Manifest.of(draft, self._rows.newest() + 1, now)
        text = manifest.to_json()
        move = (manifest.number, draft.by, draft.why, now, MoveKind.PUBLISH.value)
        try:
            row = (manifest.number, text, digest(text.encode("utf-8")))
            if not self._rows.add(expected, row, draft.files, move):
                raise ShelfMovedError(MOVED.format(now=self._rows.current(), expected=expected or "none"))
        except KeyError as error:
            raise DamagedError("a file of the release is not stored; publish again") from error
        self._rows.sweep(now - LEFT_BEHIND)
        return manifest

    def point_to(self, number: int, by: str, why: str, now: datetime) -> None:
        """See Shelf."""
        self.manifest(number)
        self._rows.point_to((number, by, why, now, MoveKind.ROLLBACK.value))

    def serving(self) -> tuple[Serving, ...]:
        """See Shelf."""
        return tuple(Serving(*row) for row in self._rows.serving())

    def report_serving(self, replica: str, number: int, now: datetime) -> None:
        """See Shelf."""
        self._rows.report(replica, number, now)

    def stopped_serving(self, replica: str) -> None:
        """See Shelf."""
        self._rows.forget(replica)

    def _take_in(self, sha256: str, files: Mapping[str, Path], now: datetime) -> None:
        if self._rows.has_file(sha256):
            return
        if sha256 not in files:
            raise DamagedError(f"the stored file {sha256[:12]}… of a release is gone; publish again")
        source = verified(files[sha256], sha256)
        self._rows.put_file(sha256, _blocks(source), source.stat().st_size, now)
        path = self._blob(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place(source, path)

    def _blob(self, sha256: str) -> Path:
        return self._cache / "blobs" / sha256


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
