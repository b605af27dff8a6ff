"""Rows of releases: what policies_kb.releases.store_shelf works on where several machines serve. Plain data only.

A file's blocks are stored in transactions of their own, each a few milliseconds: writers queue, and somebody who waits
for an answer must not wait for a model of 20 MB.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from tickets.store import Store, Unit
from tickets.tables_releases import release_blocks, release_files, release_moves, release_serving, releases

MoveRow = tuple[int, str, str, datetime, str]
"""number, actor, why, at, kind."""


class ReleaseRows:
    """See the module."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def current(self) -> int | None:
        """The number of the last move, None without any."""
        with self._store.reading() as unit:
            return _current(unit)

    def newest(self) -> int:
        """The highest number of a release, 0 without any."""
        with self._store.reading() as unit:
            return _newest(unit)

    def manifest(self, number: int) -> tuple[str, str] | None:
        """The text of a release and its checksum."""
        with self._store.reading() as unit:
            wanted = sa.select(releases.c.manifest, releases.c.sha256).where(releases.c.number == number)
            row = unit.execute(wanted).first()
            return (str(row.manifest), str(row.sha256)) if row else None

    def moves(self) -> list[MoveRow]:
        """All moves, oldest first."""
        table = release_moves.c
        with self._store.reading() as unit:
            wanted = sa.select(table.number, table.actor, table.why, table.at, table.kind).order_by(table.sequence)
            return [(row.number, row.actor, row.why, row.at, row.kind) for row in unit.execute(wanted)]

    def has_file(self, sha256: str) -> bool:
        """Whether the whole file is stored."""
        with self._store.reading() as unit:
            wanted = sa.select(release_files.c.sha256).where(release_files.c.sha256 == sha256)
            return unit.execute(wanted).first() is not None

    def put_file(self, sha256: str, blocks: Iterable[bytes], size: int, now: datetime) -> None:
        """Store a file. Two at once, or one after a kill, are no harm: the same checksum is the same content."""
        parts = 0
        for part, content in enumerate(blocks):
            parts += 1
            with self._store.unit() as unit:
                here = (release_blocks.c.sha256 == sha256) & (release_blocks.c.part == part)
                unit.execute(sa.delete(release_blocks).where(here))
                unit.execute(sa.insert(release_blocks).values(sha256=sha256, part=part, content=content, at=now))
                unit.commit()
        with self._store.unit() as unit:
            counted = sa.select(sa.func.count()).select_from(release_blocks).where(release_blocks.c.sha256 == sha256)
            if unit.execute(counted).scalar() == parts:  # otherwise it was swept meanwhile, and is not whole
                unit.execute(sa.delete(release_files).where(release_files.c.sha256 == sha256))
                unit.execute(sa.insert(release_files).values(sha256=sha256, size=size, at=now))
                unit.commit()

    def file(self, sha256: str) -> Iterator[bytes]:
        """The blocks of a file, one by one; none for one that is not stored."""
        part = 0
        while True:
            with self._store.reading() as unit:
                here = (release_blocks.c.sha256 == sha256) & (release_blocks.c.part == part)
                row = unit.execute(sa.select(release_blocks.c.content).where(here)).first()
            if row is None:
                return
            yield bytes(row.content)
            part += 1

    def add(self, current: int | None, row: tuple[int, str, str], files: frozenset[str], move: MoveRow) -> bool:
        """Store a release (number, text, checksum) and make it current; not if the present one is not `current`.

        Raises KeyError for a file that is not stored.
        """
        number, text, sha256 = row
        with self._store.unit() as unit:
            if _current(unit) != current or number <= _newest(unit):
                return False
            counted = sa.select(sa.func.count()).select_from(release_files).where(release_files.c.sha256.in_(files))
            if unit.execute(counted).scalar() != len(files):
                raise KeyError("a file of the release is not stored")
            kept = {"number": number, "manifest": text, "sha256": sha256, "files": json.dumps(sorted(files))}
            unit.execute(sa.insert(releases).values(**kept))
            _add_move(unit, move)
            unit.commit()
        return True

    def point_to(self, move: MoveRow) -> None:
        """Make an earlier release the current one."""
        with self._store.unit() as unit:
            _add_move(unit, move)
            unit.commit()

    def sweep(self, before: datetime) -> None:
        """Forget files that no release names and that were stored before: what a killed publisher left behind."""
        with self._store.unit() as unit:
            used = {sha256 for row in unit.execute(sa.select(releases.c.files)) for sha256 in json.loads(row.files)}
            for table in (release_files, release_blocks):
                old = sa.select(table.c.sha256).where(table.c.at < before).distinct()
                left = {str(row.sha256) for row in unit.execute(old)} - used
                if left:
                    unit.execute(sa.delete(table).where(table.c.sha256.in_(left)))
            unit.commit()

    def serving(self) -> list[tuple[str, int, datetime]]:
        """What each process said last: its name, the release, when."""
        with self._store.reading() as unit:
            rows = unit.execute(sa.select(release_serving).order_by(release_serving.c.replica))
            return [(row.replica, row.number, row.at) for row in rows]

    def report(self, replica: str, number: int, now: datetime) -> None:
        """Keep what a process serves."""
        with self._store.unit() as unit:
            here = release_serving.c.replica == replica
            changed = unit.execute(sa.update(release_serving).where(here).values(number=number, at=now))
            if not changed.rowcount:
                unit.execute(sa.insert(release_serving).values(replica=replica, number=number, at=now))
            unit.commit()

    def forget(self, replica: str) -> None:
        """It ended."""
        with self._store.unit() as unit:
            unit.execute(sa.delete(release_serving).where(release_serving.c.replica == replica))
            unit.commit()


def _current(unit: Unit) -> int | None:
    last = sa.select(release_moves.c.number).order_by(release_moves.c.sequence.desc()).limit(1)
    number = unit.execute(last).scalar()
    return None if number is None else int(number)


def _newest(unit: Unit) -> int:
    return int(unit.execute(sa.select(sa.func.max(releases.c.number))).scalar() or 0)


def _add_move(unit: Unit, move: MoveRow) -> None:
    number, actor, why, at, kind = move
    row = {"number": number, "actor": actor, "why": why, "at": at, "kind": kind}
    unit.execute(sa.insert(release_moves).values(**row))
