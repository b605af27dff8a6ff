"""Requests that waited for the database: filed once, and never dropped."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from conftest import NOW, wish

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets.letters import Correspondence
from tickets.service import RequestService
from tickets.spool import Spool
from tickets.store import Store
from tickets.vocabulary import ContactKind, Right


def nobody(conversation: str, kind: ContactKind, value: Redacted, at: datetime) -> str:
    raise AssertionError("no contact was given")


def requests_of(store: Store, vault: Vault) -> RequestService:
    return RequestService(store, vault, Correspondence("http://desk.example.org", str.title))


def test_what_waited_is_filed_with_its_own_day_and_only_once(store: Store, vault: Vault, tmp_path: Path) -> None:
    spool, service = Spool(tmp_path / "spool", vault), requests_of(store, vault)
    spool.leave(wish(), None, NOW)
    assert spool.drain(service.open_request, nobody) == 1 and spool.waiting() == ()
    spool.leave(wish(), None, NOW)  # the same filing again, as after a kill before the file was removed
    spool.drain(service.open_request, nobody)
    (filed,) = service.listing()
    assert filed.received == NOW


def test_another_wish_under_a_used_key_is_kept_and_not_dropped(store: Store, vault: Vault, tmp_path: Path) -> None:
    spool, service = Spool(tmp_path / "spool", vault), requests_of(store, vault)
    service.open_request(wish(), NOW)
    spool.leave(wish(rights=frozenset({Right.ACCESS})), None, NOW)
    assert spool.drain(service.open_request, nobody) == 0
    assert [path.suffix for path in (tmp_path / "spool").iterdir()] == [".bad"]


def test_a_file_that_was_altered_is_kept_and_does_not_hold_up_the_others(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    spool, service = Spool(tmp_path / "spool", vault), requests_of(store, vault)
    spool.leave(wish(), None, NOW)
    (path,) = spool.waiting()
    path.write_text(path.read_text("utf-8")[:-9] + 'ffffff"}', "utf-8")
    spool.leave(wish(conversation="conversation-2"), None, NOW)
    assert spool.drain(service.open_request, nobody) == 1
    assert len(service.listing()) == 1 and path.with_suffix(".bad").is_file()
