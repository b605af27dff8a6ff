"""What every shelf of releases promises: in a folder, in SQLite, in PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW

from policies_kb.errors import DamagedError, ReleaseError, ShelfMovedError
from policies_kb.releases.folder_shelf import FolderShelf
from policies_kb.releases.manifest import Draft, ModelFile, PolicyFile, digest
from policies_kb.releases.shelf import MoveKind, Shelf
from policies_kb.releases.store_shelf import StoreShelf
from tickets.releases import ReleaseRows
from tickets.store import Store

BY, WHY = "A. Owner", "retention is 12 months now"


@pytest.fixture(params=["folder", "store"])
def shelves(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> list[Shelf]:
    """The same shelf as two machines see it, or two processes where it lies in a folder."""
    if request.param == "folder":
        return [FolderShelf(tmp_path / "shelf") for _ in range(2)]
    return [StoreShelf(ReleaseRows(store), tmp_path / f"machine{number}") for number in range(2)]


@pytest.fixture
def shelf(shelves: list[Shelf]) -> Shelf:
    return shelves[0]


class Desk:
    """Makes drafts of files with given contents."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def file(self, content: bytes) -> tuple[str, Path]:
        path = self.folder / digest(content)
        path.write_bytes(content)
        return path.name, path

    def draft(self, model: bytes = b"a model", **policies: bytes) -> tuple[Draft, dict[str, Path]]:
        files = dict(self.file(content) for content in (model, *policies.values()))
        kept = {policy: PolicyFile(digest(content), "2026-04") for policy, content in policies.items()}
        return Draft(BY, WHY, ModelFile("model.tar.gz", digest(model), "code"), kept), files


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def published(shelf: Shelf, desk: Desk, expected: int | None = None, **contents: bytes) -> Any:
    return shelf.publish(*desk.draft(**contents), NOW, expected)


def test_an_empty_shelf_serves_nothing(shelf: Shelf) -> None:
    assert shelf.current() is None and shelf.moves() == () and shelf.serving() == ()
    with pytest.raises(ReleaseError, match="no release yet"):
        shelf.manifest(1)


def test_what_was_published_is_current_for_everybody_and_comes_back_as_it_was(shelves: list[Shelf], desk: Desk) -> None:
    here, there = shelves
    made = published(here, desk, klasso=b"one", acme=b"two")
    assert made.number == 1 and there.current() == 1 and there.manifest(1) == made
    assert (made.by, made.why, made.made_at) == (BY, WHY, NOW)
    assert [there.fetch(sha256).read_bytes() for sha256 in (digest(b"one"), digest(b"a model"))] == [b"one", b"a model"]


def test_releases_count_up_and_share_the_files_that_stayed(shelf: Shelf, desk: Desk) -> None:
    published(shelf, desk, klasso=b"one", acme=b"two")
    draft, files = desk.draft(klasso=b"changed", acme=b"two")
    only_new = {digest(b"changed"): files[digest(b"changed")]}
    made = shelf.publish(draft, only_new, NOW, 1)
    assert (made.number, shelf.current()) == (2, 2)
    assert {shelf.fetch(sha256).read_bytes() for sha256 in made.files} == {b"changed", b"two", b"a model"}


def test_who_began_from_another_release_is_told_to_look_again(shelves: list[Shelf], desk: Desk) -> None:
    published(shelves[0], desk, klasso=b"one")
    published(shelves[1], desk, 1, klasso=b"two")
    for expected in (None, 1, 3):
        with pytest.raises(ShelfMovedError, match="look again"):
            published(shelves[0], desk, expected, klasso=b"three")
    assert shelves[0].current() == 2 and len(shelves[0].moves()) == 2


def test_of_publishers_at_once_one_wins(shelves: list[Shelf], desk: Desk) -> None:
    published(shelves[0], desk, klasso=b"one")
    drafts = [desk.draft(klasso=f"draft {number}".encode()) for number in range(6)]
    ended: list[object] = []

    def publish(number: int) -> None:
        try:
            ended.append(shelves[number % 2].publish(*drafts[number], NOW, 1).number)
        except ShelfMovedError as error:
            ended.append(error)

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended.count(2) == 1 and sum(isinstance(one, ShelfMovedError) for one in ended) == 5
    assert [move.number for move in shelves[1].moves()] == [1, 2]


def test_an_earlier_release_becomes_current_again_and_the_next_gets_the_next_number(shelf: Shelf, desk: Desk) -> None:
    for number in range(3):
        published(shelf, desk, number or None, klasso=b"text %d" % number)
    shelf.point_to(1, "Another Owner", "the period was wrong", NOW)
    assert shelf.current() == 1
    assert published(shelf, desk, 1, klasso=b"mended").number == 4
    last = shelf.moves()[-2]
    assert (last.number, last.by, last.why, last.at) == (1, "Another Owner", "the period was wrong", NOW)
    assert [move.kind for move in shelf.moves()] == [MoveKind.PUBLISH] * 3 + [MoveKind.ROLLBACK, MoveKind.PUBLISH]


def test_a_release_that_never_was_cannot_be_served(shelf: Shelf, desk: Desk) -> None:
    published(shelf, desk, klasso=b"one")
    with pytest.raises(ReleaseError, match="no release 7; the newest is 1"):
        shelf.point_to(7, BY, "", NOW)
    assert shelf.current() == 1


def test_a_file_that_is_not_what_it_is_called_is_not_taken_in(shelf: Shelf, desk: Desk) -> None:
    draft, files = desk.draft(klasso=b"one")
    files[digest(b"one")].write_bytes(b"onE")
    with pytest.raises(DamagedError):
        shelf.publish(draft, files, NOW, None)
    draft, files = desk.draft(klasso=b"two")
    del files[digest(b"two")]
    with pytest.raises(DamagedError, match="gone"):
        shelf.publish(draft, files, NOW, None)
    assert shelf.current() is None


def test_what_processes_serve_is_known_until_they_end(shelves: list[Shelf]) -> None:
    shelves[0].report_serving("host:8080:1", 3, NOW)
    shelves[1].report_serving("host:8080:2", 2, NOW - timedelta(minutes=1))
    shelves[1].report_serving("host:8080:1", 4, NOW)
    said = {one.replica: (one.number, one.is_live(NOW)) for one in shelves[0].serving()}
    assert said == {"host:8080:1": (4, True), "host:8080:2": (2, False)}
    shelves[0].stopped_serving("host:8080:1")
    assert [one.replica for one in shelves[1].serving()] == ["host:8080:2"]


class Killed(BaseException):
    """The process dies here: no handler of errors runs."""


class DyingRows:
    """Rows whose process dies at the n-th call, before the call or within its transaction's last moment."""

    def __init__(self, rows: ReleaseRows, at: int) -> None:
        self._rows, self._left = rows, at

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Killed
            return getattr(self._rows, name)(*arguments)

        return call


def dying_at_each_call(store: Store, folder: Path) -> Iterator[StoreShelf]:
    for number in range(40):
        yield StoreShelf(DyingRows(ReleaseRows(store), number), folder)  # type: ignore[arg-type]


def test_a_publisher_that_dies_between_two_transactions_leaves_the_old_release(
    store: Store, tmp_path: Path, desk: Desk
) -> None:
    shelf, deaths = StoreShelf(ReleaseRows(store), tmp_path / "machine"), 0
    published(shelf, desk, klasso=b"one")
    for dying in dying_at_each_call(store, tmp_path / "other"):
        now = shelf.current()
        try:
            published(dying, desk, now, klasso=b"two" * 10, acme=b"three")
            break
        except Killed:
            deaths += 1
            number = shelf.current()
            assert number is not None and shelf.manifest(number).number == number
            assert all(shelf.fetch(sha256) for sha256 in shelf.manifest(number).files)
            if number != now:
                break  # it died after the moment of publishing
    assert deaths >= 6 and shelf.current() == 2


def test_what_a_dead_publisher_stored_is_swept_later_and_nothing_else(store: Store, tmp_path: Path, desk: Desk) -> None:
    rows, old = ReleaseRows(store), NOW - timedelta(hours=2)
    shelf = StoreShelf(rows, tmp_path / "machine")
    shelf.publish(*desk.draft(klasso=b"one"), old, None)
    rows.put_file(digest(b"left"), [b"le", b"ft"], 4, old)
    rows.put_file(digest(b"begun"), [b"begun"], 5, NOW)
    published(shelf, desk, 1, klasso=b"two")
    assert [rows.has_file(digest(content)) for content in (b"one", b"two", b"left", b"begun")] == [
        *(True, True, False, True)
    ]
    assert list(rows.file(digest(b"left"))) == []


def test_a_damaged_copy_on_this_machine_is_fetched_again(store: Store, tmp_path: Path, desk: Desk) -> None:
    shelf = StoreShelf(ReleaseRows(store), tmp_path / "machine")
    published(shelf, desk, klasso=b"one")
    path = shelf.fetch(digest(b"one"))
    path.write_bytes(b"onE")
    assert shelf.fetch(digest(b"one")).read_bytes() == b"one"
