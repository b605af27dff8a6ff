"""A shelf in a folder, for one machine.

    blobs/<sha256>           archives of policies and models; the same file is there once, however many releases use it
    manifests/<number>.json  one for each release
    moves                    which release became current when, and the checksum of its manifest; the last is served
    serving/<replica>        what each process said last

`moves` is written last and by a rename, so that is the moment in which a release is published. What a publisher that
was killed before it left behind is named by no manifest of `moves`, and the next one clears it away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from policies_kb.errors import DamagedError, ReleaseError
from policies_kb.releases.files import PART, locked, place, put
from policies_kb.releases.manifest import Draft, Manifest, digest, digest_of, sealed, unsealed, verified
from policies_kb.releases.shelf import Move, MoveKind, Serving, check_expected, no_release

UNDER_WAY = "publishing"  # there while somebody publishes; still there: they were killed
_REPLICA = re.compile(r"[A-Za-z0-9._:-]{1,80}\Z")


class FolderShelf:
    """See the module. The folder is made on the first write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[tuple[int, int, int], list[dict[str, Any]]] | None = None

    @property
    def cache(self) -> Path:
        """Beside the releases."""
        return self._folder

    def current(self) -> int | None:
        """See Shelf. A look at one file's time; it is read again only when it was replaced."""
        moves = self._moves()
        return int(moves[-1]["number"]) if moves else None

    def manifest(self, number: int) -> Manifest:
        """See Shelf."""
        kept = next((move for move in self._moves() if move["number"] == number), None)
        if kept is None:
            raise no_release(number, max((move["number"] for move in self._moves()), default=0))
        path = self._manifest_path(number)
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DamagedError(f"{path}: is gone or damaged; put it back from a backup") from error
        return Manifest.from_json(text, kept["manifest"])

    def moves(self) -> tuple[Move, ...]:
        """See Shelf."""
        return tuple(
            Move(
                int(move["number"]),
                str(move["by"]),
                str(move["why"]),
                datetime.fromisoformat(move["at"]),
                MoveKind(move["kind"]),
            )
            for move in self._moves()
        )

    def fetch(self, sha256: str) -> Path:
        """See Shelf."""
        path = self._blob(sha256)
        if not path.exists():
            raise DamagedError(f"{path}: is gone; put it back from a backup, or publish again")
        return verified(path, sha256)

    def publish(self, draft: Draft, files: Mapping[str, Path], now: datetime, expected: int | None) -> Manifest:
        """See Shelf."""
        self._make_folders()
        with locked(self._folder / "lock"):
            moves = self._moves()
            check_expected(int(moves[-1]["number"]) if moves else None, expected)
            self._sweep(moves)
            (self._folder / UNDER_WAY).touch()
            for sha256 in sorted(draft.files):
                self._take_in(sha256, files)
            manifest = Manifest.of(draft, 1 + max((move["number"] for move in moves), default=0), now)
            text = manifest.to_json().encode("utf-8")
            put(self._manifest_path(manifest.number), text)
            move = {"number": manifest.number, "by": draft.by, "why": draft.why, "at": now.isoformat()}
            self._write(moves, {**move, "kind": MoveKind.PUBLISH.value, "manifest": digest(text)})
            (self._folder / UNDER_WAY).unlink()
        return manifest

    def point_to(self, number: int, by: str, why: str, now: datetime) -> None:
        """See Shelf."""
        self._make_folders()
        with locked(self._folder / "lock"):
            moves = self._moves()
            self.manifest(number)
            kept = next(move["manifest"] for move in moves if move["number"] == number)
            move = {"number": number, "by": by, "why": why, "at": now.isoformat()}
            self._write(moves, {**move, "kind": MoveKind.ROLLBACK.value, "manifest": kept})

    def serving(self) -> tuple[Serving, ...]:
        """See Shelf."""
        found = []
        for path in sorted((self._folder / "serving").glob("*")):
            try:
                said = json.loads(path.read_bytes())
                found.append(Serving(path.name, int(said["number"]), datetime.fromisoformat(said["at"])))
            except (OSError, ValueError, KeyError):
                continue  # it is being written or taken away just now
        return tuple(found)

    def report_serving(self, replica: str, number: int, now: datetime) -> None:
        """See Shelf."""
        if not _REPLICA.match(replica):
            raise ReleaseError("a process's name is made of letters, digits, dots, dashes and colons")
        path = self._folder / "serving" / replica
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{replica}{PART}")  # not synced: it holds for some seconds only
        part.write_text(json.dumps({"number": number, "at": now.isoformat()}), "utf-8")
        part.replace(path)

    def stopped_serving(self, replica: str) -> None:
        """See Shelf."""
        (self._folder / "serving" / replica).unlink(missing_ok=True)

    def _moves(self) -> list[dict[str, Any]]:
        path = self._folder / "moves"
        try:
            about = path.stat()
        except FileNotFoundError:
            return []
        mark = (about.st_mtime_ns, about.st_ino, about.st_size)
        if self._seen is None or self._seen[0] != mark:
            moves: list[dict[str, Any]] = unsealed(path.read_bytes(), str(path))
            self._seen = (mark, moves)
        return self._seen[1]

    def _write(self, moves: list[dict[str, Any]], move: dict[str, Any]) -> None:
        put(self._folder / "moves", sealed([*moves, move]).encode("utf-8"))

    def _take_in(self, sha256: str, files: Mapping[str, Path]) -> None:
        """Have a file on the shelf. One that is given is checked, and mends one that was damaged there."""
        path = self._blob(sha256)
        if sha256 not in files:
            if not path.exists():
                raise DamagedError(f"{path}: is gone; put it back from a backup")
            return
        source = verified(files[sha256], sha256)
        if not path.exists() or digest_of(path) != sha256:
            place(source, path)

    def _sweep(self, moves: list[dict[str, Any]]) -> None:
        """Clear away what a publisher left that was killed. Nobody else publishes meanwhile."""
        if not (self._folder / UNDER_WAY).exists():
            return
        numbers = {int(move["number"]) for move in moves}
        for path in self._folder.glob("manifests/*"):
            if not path.stem.isdigit() or int(path.stem) not in numbers:
                path.unlink()
        for path in self._folder.glob(f"*{PART}"):
            path.unlink()
        try:
            used = frozenset().union(*(self.manifest(number).files for number in numbers))
        except DamagedError:
            return  # what a damaged release needs is not known, so nothing is thrown away
        for path in self._folder.glob("blobs/*"):
            if path.name not in used:
                path.unlink()

    def _make_folders(self) -> None:
        try:
            for name in ("blobs", "manifests"):
                (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ReleaseError(f"{self._folder} cannot be written to ({error.strerror})") from error

    def _manifest_path(self, number: int) -> Path:
        return self._folder / "manifests" / f"{number}.json"

    def _blob(self, sha256: str) -> Path:
        return self._folder / "blobs" / sha256
