"""Files that are put in place whole: written aside, synced, renamed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from policies_kb.errors import ReleaseError

PART = ".part"


def aside(path: Path) -> Path:
    """Where a file is written before it takes its place; no other thread or process writes there."""
    return path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}{PART}")


def put(path: Path, content: bytes) -> None:
    """Write a file; after a power loss it is the old one or the new one."""
    part = aside(path)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync(path.parent)


def place(source: Path, path: Path) -> None:
    """Put a file there without writing its bytes again, where both lie on one disk."""
    part = aside(path)
    part.unlink(missing_ok=True)
    try:
        os.link(source, part)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, part)
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(path)
    sync(path.parent)


def sync(folder: Path) -> None:
    """A new name survives power loss only once its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone among all processes. The system gives the lock back when the holder dies, also by kill -9."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ReleaseError(f"{path.parent} cannot be written to ({error.strerror})") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
