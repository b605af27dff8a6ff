"""A policy's folder as one file: a zip whose bytes depend on nothing but the files in it.

Members are stored, not compressed: the same folder gives the same bytes whatever wrote it, and nothing can unfold to
more than it weighs.
"""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

from policies_kb.errors import DamagedError, ReleaseError
from policies_kb.releases.manifest import digest

KEPT = (".yml", ".txt", ".json")
LARGEST = 4_000_000  # bytes of one file
LARGEST_ARCHIVE = 32_000_000
MOST_FILES = 600
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_THEN = (1980, 1, 1, 0, 0, 0)  # the first time that a zip can tell; when a file was touched does not count


def archive_policy(folder: Path, to: Path) -> str:
    """Write the archive of a policy's folder; gives its SHA-256. Raises ReleaseError for what does not belong there."""
    files = policy_files(folder)
    if not any(path.name == "profile.yml" for path in files):
        raise ReleaseError(f"{folder}: holds no policy (there is no profile.yml)")
    if len(files) > MOST_FILES:
        raise ReleaseError(f"{folder}: holds more than {MOST_FILES} files; take old versions out")
    part = to.with_name(f"{to.name}.{os.getpid()}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            archive.writestr(_member(path.name), _content(path))
    found = digest(part.read_bytes())
    part.replace(to)
    return found


def policy_files(folder: Path) -> list[Path]:
    """The files of a folder that belong to the policy."""
    return sorted(path for path in folder.iterdir() if path.suffix in KEPT and not path.name.startswith("."))


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _THEN)
    member.create_system = 3  # otherwise the byte that tells the system would differ
    member.external_attr = 0o644 << 16
    return member


def _content(path: Path) -> bytes:
    if not _NAME.match(path.name):
        raise ReleaseError(f"{path}: give it a name of letters, digits, dots, dashes and underscores")
    if path.is_symlink() or not path.is_file():
        raise ReleaseError(f"{path}: is no plain file; put the file itself there")
    content = path.read_bytes()
    if len(content) > LARGEST:
        raise ReleaseError(f"{path}: larger than {LARGEST:,} bytes")
    return content


def open_archive(path: Path, to: Path) -> None:
    """Make the folder `to` hold exactly what the archive holds. Raises DamagedError for anything it should not hold.

    A folder that is there already is compared and mended, so that what is read later is what was published.
    """
    files = read_archive(path)
    to.mkdir(parents=True, exist_ok=True)
    for stray in to.iterdir():
        if stray.name not in files:
            stray.unlink()
    for name, content in files.items():
        place = to / name
        if place.is_symlink() or not place.exists() or place.read_bytes() != content:
            part = to / f".{name}.{os.getpid()}.part"
            part.write_bytes(content)
            part.replace(place)


def read_archive(path: Path) -> dict[str, bytes]:
    """The files of an archive by name, checked before anything is unpacked."""
    if path.stat().st_size > LARGEST_ARCHIVE:
        raise DamagedError(f"{path.name}: is too large for a policy")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            for member in members:
                _check(member, path)
            if len(members) > MOST_FILES or len({member.filename for member in members}) != len(members):
                raise DamagedError(f"{path.name}: holds too many files, or one twice")
            return {member.filename: archive.read(member) for member in members}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DamagedError(f"{path.name}: is no archive of a policy") from error


def _check(member: zipfile.ZipInfo, path: Path) -> None:
    is_plain = member.compress_type == zipfile.ZIP_STORED and member.file_size == member.compress_size
    if not is_plain or member.file_size > LARGEST or not _NAME.match(member.filename):
        raise DamagedError(f"{path.name}: holds {member.filename[:60]!r}, which an archive of a policy never does")
