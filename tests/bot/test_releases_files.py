"""Releases in files: whole archives, one changed byte is refused, a killed publisher leaves the old release."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from bot import training
from policies_kb.encoder import NullEncoder
from policies_kb.errors import DamagedError, ReleaseError
from policies_kb.knowledge import ROOT
from policies_kb.releases.archives import archive_policy, open_archive, read_archive
from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.releases.manifest import Draft, Manifest, ModelFile, PolicyFile, digest, digest_of
from policies_kb.releases.opening import Opener
from policies_kb.vectors import StoredVectors

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


def archived(folder: Path, to: Path) -> PolicyFile:
    return PolicyFile(archive_policy(folder, to), "2026-04")


def copied(tmp_path: Path, policy: str = "klasso") -> Path:
    folder = tmp_path / "desk" / policy
    folder.mkdir(parents=True)
    for path in (ROOT / policy).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def test_an_archive_is_made_of_the_files_and_of_nothing_else(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    first = archive_policy(folder, tmp_path / "first.zip")
    (folder / "notes.docx").write_bytes(b"not part of it")
    (folder / ".hidden.yml").write_bytes(b"nor this")
    os.utime(folder / "profile.yml", (0, 0))
    (folder / "profile.yml").chmod(0o600)
    assert archive_policy(folder, tmp_path / "second.zip") == first == digest_of(tmp_path / "second.zip")
    (folder / "profile.yml").write_bytes((folder / "profile.yml").read_bytes() + b"\n")
    assert archive_policy(folder, tmp_path / "third.zip") != first


def test_what_comes_out_of_an_archive_is_what_went_in(tmp_path: Path) -> None:
    folder, to = copied(tmp_path), tmp_path / "out" / "klasso"
    archive_policy(folder, tmp_path / "a.zip")
    to.mkdir(parents=True)
    (to / "stray.txt").write_text("a text that was not published")
    (to / "profile.yml").write_text("name: Another")
    open_archive(tmp_path / "a.zip", to)
    assert {path.name: path.read_bytes() for path in to.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


@pytest.mark.parametrize("what", ["symlink", "name", "size", "no profile"])
def test_what_does_not_belong_into_an_archive_is_refused(tmp_path: Path, what: str) -> None:
    folder = copied(tmp_path)
    if what == "symlink":
        (folder / "secret.txt").symlink_to("/etc/hostname")
    elif what == "name":
        (folder / "two words.txt").write_text("a")
    elif what == "size":
        (folder / "large.txt").write_bytes(b"a" * 4_000_001)
    else:
        (folder / "profile.yml").unlink()
    with pytest.raises(ReleaseError):
        archive_policy(folder, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


HOSTILE = ["../out.txt", "/etc/out.txt", "a/b.txt", "..", "", "x" * 200, "-rf", "a b.txt", "ü.txt"]


@pytest.mark.parametrize("name", HOSTILE)
def test_an_archive_with_a_strange_name_in_it_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("profile.yml", "name: Acme")
        archive.writestr(zipfile.ZipInfo(name), "content")
    with pytest.raises(DamagedError):
        open_archive(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_compressed_archive_a_double_name_and_a_plain_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", "0" * 3_000_000)
    with pytest.raises(DamagedError):
        read_archive(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("profile.yml", "a")
        archive.writestr("profile.yml", "b")
    with pytest.raises(DamagedError):
        read_archive(path)
    path.write_bytes(b"PK no archive")
    with pytest.raises(DamagedError):
        read_archive(path)


class House:
    """A shelf with one release of Klasso, whose model is a stand-in."""

    def __init__(self, folder: Path) -> None:
        self.shelf = FolderShelf(folder / "shelf")
        self.model = folder / "model.tar.gz"
        self.model.write_bytes(random.Random(1).randbytes(5_000))
        self.archive = folder / "klasso.zip"
        self.file = archived(copied(folder), self.archive)
        self.vectors = StoredVectors(NullEncoder(), folder / "known")

    def draft(self, model: Path | None = None) -> tuple[Draft, dict[str, Path]]:
        path = model or self.model
        sha256 = digest_of(path)
        draft = Draft("A. Owner", "", ModelFile("m.tar.gz", sha256, "code"), {"klasso": self.file})
        return draft, {sha256: path, self.file.sha256: self.archive}

    def publish(self, expected: int | None = None, model: Path | None = None) -> Manifest:
        return self.shelf.publish(*self.draft(model), NOW, expected)

    def served(self) -> Any:
        """The release as a process that starts now would load it: everything that it would use is looked at."""
        shelf = FolderShelf(self.shelf.cache)
        number = shelf.current()
        assert number is not None
        manifest = shelf.manifest(number)
        shelf.fetch(manifest.model.sha256)
        return Opener(shelf, NullEncoder(), self.vectors).open(manifest)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_release_is_loaded_with_its_number_and_its_folder(house: House) -> None:
    house.publish()
    base = house.served()
    assert base.release == 1 and base.ids == ["klasso"]
    assert base.get("klasso").folder.parent.parent == house.shelf.cache / "unpacked"
    assert base.get("klasso").current.source == (ROOT / "klasso" / "2026-04.txt").read_bytes().decode("utf-8")


def test_one_flipped_byte_in_any_file_of_a_release_is_refused(house: House) -> None:
    house.publish()
    shelf, chance, refused = house.shelf.cache, random.Random(7), 0
    files = [*shelf.glob("blobs/*"), *shelf.glob("manifests/*"), shelf / "moves"]
    assert len(files) == 4
    for number in range(100):
        path = files[number % len(files)]
        content = path.read_bytes()
        place, mask = chance.randrange(len(content)), 1 << chance.randrange(8)
        path.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        try:
            house.served()
        except DamagedError:
            refused += 1
        path.write_bytes(content)
    assert refused == 100 and house.served().release == 1


@pytest.mark.parametrize("name", ["blobs", "manifests", "moves"])
def test_a_cut_or_lost_file_is_refused(house: House, name: str) -> None:
    house.publish()
    path = next(iter((house.shelf.cache / name).iterdir())) if name != "moves" else house.shelf.cache / name
    content = path.read_bytes()
    for left in (content[:-1], content[: len(content) // 2], b""):
        path.write_bytes(left)
        with pytest.raises(DamagedError):
            house.served()
    if name != "moves":
        path.unlink()
        with pytest.raises(DamagedError):
            house.served()


def test_what_was_changed_where_archives_are_unpacked_is_not_served(house: House) -> None:
    house.publish()
    folder = house.served().get("klasso").folder
    text = (folder / "2026-04.txt").read_text("utf-8")
    (folder / "2026-04.txt").write_text(text.replace("six", "sixty"), "utf-8")
    assert house.served().get("klasso").current.source == text


def test_policies_that_stayed_the_same_are_taken_over_with_their_indexes(house: House, tmp_path: Path) -> None:
    first, opener = house.publish(), Opener(house.shelf, NullEncoder(), house.vectors)
    before = opener.open(first)
    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"another model")
    after = opener.open(house.publish(1, other))
    assert after.release == 2 and after.get("klasso") is before.get("klasso")


def test_a_model_lies_on_a_disk_once(house: House) -> None:
    made = house.publish()
    assert house.shelf.fetch(made.model.sha256).stat().st_ino == house.model.stat().st_ino


def killed_at(house: House, model: Path, event: int) -> bool:
    """Publish in a process that is killed at its n-th dealing with a file of the shelf; whether it was."""
    child = os.fork()
    if child == 0:
        seen, root = itertools.count(1), str(house.shelf.cache)

        def hook(name: str, arguments: tuple[Any, ...]) -> None:
            is_ours = name.startswith(("open", "os.")) and any(str(one).startswith(root) for one in arguments)
            if is_ours and next(seen) == event:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            house.publish(house.shelf.current(), model)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_publisher_killed_at_any_point_leaves_a_whole_release_and_a_shelf_that_works(
    house: House, tmp_path: Path
) -> None:
    house.publish()
    deaths = 0
    for event in itertools.count(1):
        model = tmp_path / f"model-{event}.tar.gz"
        model.write_bytes(b"model %d" % event)
        before = house.shelf.current()
        assert before is not None
        was_killed = killed_at(house, model, event)
        deaths += was_killed
        now = FolderShelf(house.shelf.cache).current()
        assert house.served().release == now and now in (before, before + 1)
        if not was_killed:
            assert now == before + 1
            break
    assert deaths >= 20
    # The next publisher clears away what the dead ones left: files of no release, and half-written ones.
    number = house.shelf.current()
    last = house.publish(number, tmp_path / "model-1.tar.gz")
    shelf = FolderShelf(house.shelf.cache)
    known = {sha256 for n in range(1, last.number + 1) for sha256 in shelf.manifest(n).files}
    assert {path.name for path in shelf.cache.glob("blobs/*")} == known
    assert len(list(shelf.cache.glob("manifests/*"))) == last.number
    assert not list(shelf.cache.rglob("*.part"))


def test_a_model_with_one_flipped_byte_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    model, chance, refused = tmp_path / "model.tar.gz", random.Random(3), 0
    content = chance.randbytes(20_000)
    training.checksum_path(model).write_text(digest(content))
    for _ in range(100):
        place, mask = chance.randrange(len(content)), 1 << chance.randrange(8)
        model.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        try:
            training.verified_model(model)
        except training.TrainingError as error:
            refused += "not the model that was trained" in str(error)
    assert refused == 100
    model.write_bytes(content)
    assert training.verified_model(model) == model


@pytest.mark.parametrize("where", [0.0, 0.37, 0.99])
def test_the_real_model_with_one_flipped_byte_is_not_loaded(model_path: Path, tmp_path: Path, where: float) -> None:
    from bot.rasa_agent import load_agent

    content = bytearray(model_path.read_bytes())
    content[int(where * len(content))] ^= 1
    copy = tmp_path / model_path.name
    copy.write_bytes(content)
    training.checksum_path(copy).write_bytes(training.checksum_path(model_path).read_bytes())
    with pytest.raises(training.TrainingError, match="SHA-256"):
        load_agent(copy, {})
