"""Files put in place whole: a reader, or whoever comes after a kill, finds the old ones or the new ones.

One file is written aside and renamed. Several that belong together are gathered in a folder first; renaming that folder
is the moment from which they count. What a kill leaves between that moment and the last file is finished by the next
command that opens the policy (`finish`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from policies_kb.errors import SourceError

GATHERED = ".being-placed"
COUNTS = ".to-place"
FORGOTTEN_SECONDS = 3_600  # after which nobody can still be at work in a scratch folder


def place_file(path: Path, content: bytes) -> None:
    """One file, whole. Raises SourceError where it cannot be written."""
    aside = path.with_name(f".{path.name}.new")
    try:
        _write(aside, content)
        aside.replace(path)
    except OSError as error:
        raise SourceError(f"{path}: cannot be written ({error.strerror}); nothing was changed") from error


def place_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Files of one folder by name, all or none. Raises SourceError where they cannot be written."""
    finish(folder)
    gathered = folder / GATHERED
    try:
        shutil.rmtree(gathered, ignore_errors=True)
        gathered.mkdir()
        for name, content in files.items():
            _write(gathered / name, content)
        _sync_folder(gathered)
        gathered.rename(folder / COUNTS)
        _sync_folder(folder)
    except OSError as error:
        shutil.rmtree(gathered, ignore_errors=True)
        raise SourceError(f"{folder}: cannot be written to ({error.strerror}); nothing was changed") from error
    finish(folder)


def finish(folder: Path) -> None:
    """Put in place what was decided on but not finished. Does nothing in a folder where all is well."""
    waiting = folder / COUNTS
    if not waiting.is_dir():
        return
    try:
        for path in sorted(waiting.iterdir()):
            path.replace(folder / path.name)
        waiting.rmdir()
    except FileNotFoundError:
        return  # somebody else is finishing it at this moment
    except OSError as error:
        raise SourceError(f"{folder}: an unfinished change cannot be finished ({error.strerror}); try again") from error


@contextmanager
def scratch_folder(root: Path, prefix: str) -> Iterator[Path]:
    """A folder of one's own below root, gone afterwards; what killed commands left under that prefix goes too.

    Raises SourceError where it cannot be made.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    except OSError as error:
        raise SourceError(f"{root}: cannot be written to ({error.strerror}); nothing was changed") from error
    try:
        _sweep(made, prefix)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _sweep(made: Path, prefix: str) -> None:
    """Remove the old neighbours of a folder that was just made. Its own time is the present: that of the same disk."""
    now = made.stat().st_mtime
    for path in made.parent.glob(f"{prefix}*"):
        try:
            is_forgotten = path.is_dir() and now - path.stat().st_mtime > FORGOTTEN_SECONDS
        except OSError:
            continue  # somebody else has swept it meanwhile
        if is_forgotten:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Two people work on one policy: the second command waits for the first, and sees what it wrote."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise SourceError(f"{folder}: cannot be opened ({error.strerror})") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        finish(folder)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
