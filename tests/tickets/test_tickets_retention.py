"""What leaves on schedule, what leaves because a person asks, and what stays because the law asks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW
from keeping_builders import (
    add_budget,
    add_evidence,
    add_grant,
    add_message,
    add_request,
    add_talk,
    put_arrivals,
    put_request,
    put_talk,
)

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets import arriving, audit, erasing
from tickets.conversations import Conversations
from tickets.errors import InputError, StoreError
from tickets.ledger import LEDGER_FILE, read_file
from tickets.letters import Correspondence
from tickets.outgoing import opened
from tickets.retention import Keeper, Schedule
from tickets.store import Store
from tickets.tables import requests
from tickets.tables_arrivals import inbox
from tickets.tables_proof import challenges
from tickets.tables_talk import outbox
from tickets.vocabulary import Status, Way

Count = Callable[[str], int]
TRACES = ("request_contacts", "challenges", "stop_links", "idempotency_keys")


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / LEDGER_FILE


@pytest.fixture
def keeper(store: Store, vault: Vault, ledger: Path) -> Keeper:
    return Keeper(store, vault, ledger=ledger)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def row_of(store: Store, request_id: str) -> Any:
    with store.reading() as unit:
        return unit.execute(sa.select(requests).where(requests.c.id == request_id)).mappings().one()


def problems(store: Store) -> tuple[str, ...]:
    with store.reading() as unit:
        return audit.verify(unit).problems


# Schedule


def test_nothing_leaves_before_its_day_and_everything_after_it(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    add_talk(store, vault, "c1", NOW)
    add_budget(store, "mail:c1", NOW)
    for table, day in (("held_contacts", 1), ("budgets", 2), ("conversations", 30)):
        keeper.purge(days(day))
        assert count(table) == 1
        keeper.purge(days(day) + timedelta(seconds=1))
        assert count(table) == 0


def test_a_message_leaves_thirty_days_after_it_was_settled_but_never_while_it_waits(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    with store.unit() as unit:
        for status in ("sent", "dead", "cancelled", "waiting"):
            done = None if status == "waiting" else days(2)
            add_message(unit, vault, "c1", NOW, status=status, done_at=done)
        unit.commit()
    assert keeper.purge(days(32)).messages == 0
    assert keeper.purge(days(33)).messages == 3 and count("outbox") == 1


def test_a_settled_arrival_leaves_after_three_days_one_set_aside_after_thirty_and_one_that_waits_never(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    with store.unit() as unit:
        for number, status in enumerate(("settled", "quarantined", "waiting")):
            left = {"sealed": b"", "lane": ""} if status == "settled" else {}
            done = {"status": status, "done_at": None if status == "waiting" else days(1)}
            row = arriving.row_of(vault, arriving.Incoming("web", str(number), "c1", Redacted("{}")), NOW)
            unit.execute(sa.insert(inbox).values(**(row | left | done)))
        unit.commit()
    assert keeper.purge(days(4)).arrivals == 0
    assert keeper.purge(days(4.1)).arrivals == 1
    assert keeper.purge(days(31)).arrivals == 0
    assert keeper.purge(days(31.1)).arrivals == 1
    assert keeper.purge(days(900)).arrivals == 0 and count("inbox") == 1


def test_idempotency_keys_leave_after_thirty_days(keeper: Keeper, store: Store, vault: Vault, count: Count) -> None:
    add_request(store, vault, "c1", NOW)
    assert keeper.purge(days(30)).keys == 0
    assert keeper.purge(days(31)).keys == 1 and count("idempotency_keys") == 0


def test_a_closed_request_loses_its_person_after_24_months_and_keeps_its_record(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    name = add_request(
        store,
        vault,
        "c1",
        NOW,
        Status.DENIED,
        refusal_reason="ProcessUnfounded",
        refusal_basis="GDPR Art. 12(5)",
    )
    assert keeper.purge(days(731)).pseudonymised == 0
    before = row_of(store, name)
    assert keeper.purge(days(732)).pseudonymised == 1
    after = row_of(store, name)
    assert {column for column in before if before[column] != after[column]} == {
        *("conversation", "filer", "text", "pseudonymised_at", "row_version"),
    }
    assert after["text"] == "" and after["conversation"].startswith("erased:") and after["filer"].startswith("erased:")
    assert [count(table) for table in TRACES] == [0] * len(TRACES) and count("request_rights") == 1
    assert problems(store) == ()
    assert keeper.purge(days(800)).pseudonymised == 0


def test_two_pseudonyms_differ(keeper: Keeper, store: Store, vault: Vault) -> None:
    names = [add_request(store, vault, "c1", NOW, Status.WITHDRAWN) for _ in range(2)]
    keeper.purge(days(800))
    assert len({row_of(store, name)["conversation"] for name in names}) == 2


def test_an_open_request_stays_whole_however_old(keeper: Keeper, store: Store, vault: Vault, count: Count) -> None:
    name = add_request(store, vault, "c1", NOW)
    keeper.purge(days(3_000))
    assert row_of(store, name)["status"] == "received" and count("request_contacts") == 1


def test_a_schedule_of_less_than_a_day_is_refused() -> None:
    for field in fields(Schedule):
        with pytest.raises(InputError, match=field.name):
            Schedule(**{field.name: 0})


def test_nobody_has_less_time_to_prove_a_request_than_they_were_told() -> None:
    with pytest.raises(InputError, match="7 days"):
        Schedule(unverified=6)


def test_more_than_a_batch_leaves_in_one_purge(keeper: Keeper, store: Store, vault: Vault, count: Count) -> None:
    with store.unit() as unit:
        for _ in range(450):
            add_message(unit, vault, "c1", NOW, status="sent", done_at=NOW)
        unit.commit()
    assert keeper.purge(days(31)).messages == 450 and count("outbox") == 0


def test_what_was_done_before_an_interruption_stays_done_and_the_rest_follows(
    keeper: Keeper, store: Store, vault: Vault, count: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.retention._BATCH", 3)
    for number in range(7):
        add_request(store, vault, f"c{number}", NOW, Status.WITHDRAWN)
    whole = erasing.pseudonymise

    def killed(*some: Any) -> int:
        whole(*some)
        if count("request_contacts") < 7:  # the first batch is done, this is in the middle of the second
            raise KeyboardInterrupt
        return 3

    with monkeypatch.context() as interrupted:
        interrupted.setattr(erasing, "pseudonymise", killed)
        with pytest.raises(KeyboardInterrupt):
            keeper.purge(days(800))
    assert count("request_contacts") == 4 and problems(store) == ()
    assert keeper.purge(days(800)).pseudonymised == 4 and count("request_contacts") == 0 and problems(store) == ()


# Expiry


def test_an_unproven_request_expires_after_seven_days_and_loses_its_person_seven_days_later(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    name = add_request(store, vault, "c1", NOW, Status.UNVERIFIED)
    assert keeper.purge(days(7)).expired == 0
    assert keeper.purge(days(7.1)).expired == 1
    row = row_of(store, name)
    assert (row["status"], row["closed_at"], row["conversation"]) == ("expired_unverified", days(7.1), "c1")
    assert count("request_contacts") == count("challenges") == count("stop_links") == 0
    assert keeper.purge(days(14)).pseudonymised == 0
    assert keeper.purge(days(14.2)).pseudonymised == 1
    assert problems(store) == ()


MAIL = Correspondence("https://example.org", lambda policy: "Klasso")


def letters(store: Store, vault: Vault, kind: str) -> list[Any]:
    with store.reading() as unit:
        found = unit.execute(sa.select(outbox).where(outbox.c.kind == kind)).mappings().all()
    return [opened(vault, row, NOW) for row in found]


def test_who_filed_in_a_chat_is_told_there_that_it_expired(store: Store, vault: Vault) -> None:
    name = add_request(store, vault, "c1", NOW, Status.UNVERIFIED, channel="telegram")
    Keeper(store, vault, mail=MAIL).purge(days(8))
    (letter,) = letters(store, vault, "expired")
    assert (letter.way, letter.lane, letter.request_id) == (Way.TELEGRAM, "c1", name)
    assert f"KLS-{name[:9]}" in letter.text.reveal()


def test_for_whom_staff_filed_is_told_by_mail_that_it_expired(store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW, Status.UNVERIFIED, channel="staff")
    Keeper(store, vault, mail=MAIL).purge(days(8))
    (letter,) = letters(store, vault, "expired")
    assert (letter.way, letter.recipient.reveal()) == (Way.MAIL, "c1@example.org")


def test_a_letter_that_cannot_be_written_leaves_the_request_open(store: Store, vault: Vault) -> None:
    def name_of(policy: str) -> str:
        raise StoreError("full")

    name = add_request(store, vault, "c1", NOW, Status.UNVERIFIED)
    with pytest.raises(StoreError):
        Keeper(store, vault, mail=Correspondence("https://example.org", name_of)).purge(days(8))
    assert row_of(store, name)["status"] == "unverified"


@pytest.mark.parametrize("signal", ["mailbox_control", "login_token", "staff_record_match"])
def test_a_request_with_any_signal_never_expires_by_itself(
    keeper: Keeper, store: Store, vault: Vault, signal: str
) -> None:
    name = add_request(store, vault, "c1", NOW, Status.UNVERIFIED)
    add_evidence(store, name, signal, NOW)
    assert keeper.purge(days(900)).expired == 0 and row_of(store, name)["status"] == "unverified"


def test_a_received_request_never_expires_by_itself(keeper: Keeper, store: Store, vault: Vault) -> None:
    name = add_request(store, vault, "c1", NOW, Status.RECEIVED)
    assert keeper.purge(days(900)).expired == 0 and row_of(store, name)["status"] == "received"


# Forgetting


def test_forgetting_erases_the_conversation_and_leaves_all_others(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    for conversation in ("c1", "c2"):
        add_talk(store, vault, conversation, NOW)
        add_request(store, vault, conversation, NOW, Status.WITHDRAWN)
    forgotten = keeper.forget("c1", days(1))
    assert (forgotten.staying, forgotten.pseudonymised) == ((), 1)
    tables = ("conversations", "held_contacts", "request_contacts", "challenges", "idempotency_keys", "stop_links")
    assert {table: count(table) for table in tables} == dict.fromkeys(tables, 1)
    assert count("outbox") == 2  # of the other
    assert keeper.my_data("c2").messages == 2 and problems(store) == ()


def test_an_open_request_stays_with_its_contact_and_is_named(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    name = add_request(store, vault, "c1", NOW)
    forgotten = keeper.forget("c1", days(1))
    (stays,) = forgotten.staying
    assert (stays.reference, stays.answer_by) == (f"KLS-{name[:9]}", days(30).date())
    assert row_of(store, name)["conversation"] == "c1" and count("request_contacts") == count("stop_links") == 1


def test_being_forgotten_is_no_way_to_guess_a_code_anew(keeper: Keeper, store: Store, vault: Vault) -> None:
    add_request(store, vault, "c1", NOW, Status.UNVERIFIED)
    keeper.forget("c1", NOW + timedelta(minutes=1))
    with store.reading() as unit:
        row = unit.execute(sa.select(challenges)).mappings().one()
    assert row["tries"] == 2 and row["expires_at"] == NOW + timedelta(minutes=1)


def test_an_open_request_of_someone_forgotten_loses_its_person_once_the_answer_was_there_for_thirty_days(
    keeper: Keeper, store: Store, vault: Vault
) -> None:
    forgotten, other = (add_request(store, vault, conversation, NOW) for conversation in ("c1", "c2"))
    keeper.forget("c1", days(1))
    with store.unit() as unit:
        unit.execute(sa.update(requests).values(status="withdrawn", closed_at=days(10)))
        unit.commit()
    assert keeper.purge(days(40)).pseudonymised == 0
    assert keeper.purge(days(41)).pseudonymised == 1
    assert row_of(store, forgotten)["text"] == "" and row_of(store, other)["text"] != ""


def test_a_grant_ends_and_the_request_of_the_other_conversation_stays(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    name = add_request(store, vault, "c1", NOW, Status.WITHDRAWN)
    add_grant(store, name, "c2", NOW)
    forgotten = keeper.forget("c2", days(1))
    assert count("grants") == 0 and forgotten.pseudonymised == 0 and row_of(store, name)["conversation"] == "c1"


def test_a_mail_that_still_waits_is_sent_although_its_request_is_forgotten(
    keeper: Keeper, store: Store, vault: Vault, count: Count
) -> None:
    name = add_request(store, vault, "c1", NOW, Status.WITHDRAWN)
    with store.unit() as unit:
        add_message(unit, vault, "index-of-an-address", NOW, way="mail", request_id=name)
        unit.commit()
    keeper.forget("c1", days(1))
    assert count("outbox") == 1


def test_forgetting_twice_or_someone_unknown_is_no_error(keeper: Keeper, store: Store, vault: Vault) -> None:
    add_talk(store, vault, "c1", NOW)
    assert keeper.forget("c1", NOW).erased == 3
    assert keeper.forget("c1", NOW).erased == keeper.forget("nobody", NOW).erased == 0


# Holdings


def test_my_data_tells_what_is_kept_and_how_long(keeper: Keeper, store: Store, vault: Vault) -> None:
    add_talk(store, vault, "c1", NOW)
    name = add_request(store, vault, "c1", NOW)
    held = keeper.my_data("c1")
    assert [found.reference for found in held.requests] == [f"KLS-{name[:9]}"]
    assert (held.last_talk, held.talk_until, held.messages) == (NOW, days(30), 2)
    assert len(held.hints) == 2 and not any("c1@example.org" in hint for hint in held.hints)


def test_of_someone_unknown_nothing_is_kept(keeper: Keeper) -> None:
    held = keeper.my_data("nobody")
    assert (held.requests, held.hints, held.last_talk, held.talk_until) == ((), (), None, None)
    assert (held.messages, held.votes) == (0, 0)


# The ledger


def restored_with(store: Store, vault: Vault, conversation: str, at: datetime) -> str:
    """What a backup brings back: the talk and a closed request of that time."""
    add_talk(store, vault, conversation, at)
    return add_request(store, vault, conversation, at, Status.WITHDRAWN)


def test_what_a_backup_brings_back_is_erased_again(
    keeper: Keeper, store: Store, vault: Vault, ledger: Path, count: Count
) -> None:
    keeper.forget("c1", days(1))
    with store.unit() as unit:
        unit.execute(sa.text("DELETE FROM erasures"))  # the backup was older: only the file knows
        unit.commit()
    for conversation in ("c1", "c2"):
        restored_with(store, vault, conversation, NOW)
    again = Keeper(store, vault, ledger=ledger).reapply_erasures(days(2))
    assert again.conversations == 1 and count("conversations") == count("held_contacts") == 1
    assert Conversations(store, vault).load("c2") == b"talk"


def test_a_request_that_was_forgotten_loses_its_person_again(keeper: Keeper, store: Store, vault: Vault) -> None:
    name = restored_with(store, vault, "c1", NOW)
    keeper.forget("c1", days(1))
    with store.unit() as unit:
        unit.execute(sa.update(requests).values(conversation="c1", text="back again", pseudonymised_at=None))
        unit.commit()
    again = keeper.reapply_erasures(days(2))
    assert again.pseudonymised == 1 and row_of(store, name)["text"] == ""


def test_a_request_whose_closing_was_lost_with_the_backup_is_reported(
    keeper: Keeper, store: Store, vault: Vault
) -> None:
    name = add_request(store, vault, "c1", NOW)
    keeper.forget("c1", days(1))
    assert keeper.reapply_erasures(days(2)).still_open == 1 and row_of(store, name)["conversation"] == "c1"


def test_what_was_said_after_being_forgotten_stays(keeper: Keeper, store: Store, vault: Vault) -> None:
    keeper.forget("c1", NOW)
    add_talk(store, vault, "c1", days(1))
    name = add_request(store, vault, "c1", days(1), Status.WITHDRAWN)
    keeper.reapply_erasures(days(2))
    assert Conversations(store, vault).load("c1") == b"talk" and row_of(store, name)["conversation"] == "c1"
    assert keeper.my_data("c1").messages == 2


def test_the_ledger_names_nobody_and_survives_a_line_cut_off_by_a_kill(keeper: Keeper, ledger: Path) -> None:
    keeper.forget("c1", NOW)
    with ledger.open("a") as file:
        file.write('{"hash": "abc')
    keeper.forget("c2", days(1))
    assert len(read_file(ledger)) == 2 and "c1" not in {*read_file(ledger)}
    assert ledger.stat().st_mode & 0o077 == 0


# Bytes


def test_half_of_all_forgotten_leave_no_byte_in_the_file(
    tmp_path: Path, migrated_file: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "canaries.db"
    shutil.copyfile(migrated_file, path)
    with Store(f"sqlite:///{path}") as store:
        with store.unit() as unit:
            for number in range(400):
                name = f"canary-{number % 2}-{number:04}"
                put_talk(unit, vault, name, NOW)
                put_arrivals(unit, vault, name, number, NOW)
                put_request(unit, vault, name, NOW, Status.WITHDRAWN, text=f"{name} {'word ' * 100}{name}")
            unit.commit()
        keeper = Keeper(store, vault)
        with monkeypatch.context() as without:
            without.setattr("tickets.retention.compact", lambda *some, **named: True)
            for number in range(2, 400, 2):
                keeper.forget(f"canary-0-{number:04}", days(1))
        assert path.read_bytes().count(b"canary-0-") > 20  # the control: some are in unused parts of pages
        keeper.forget("canary-0-0000", days(1))
        keeper.purge(days(1.01))  # a chat goes once its last answer had time to leave
    left = path.read_bytes()
    assert left.count(b"canary-0-") == 0 and left.count(b"canary-1-") >= 200 * 5
    assert not path.with_name("canaries.db-journal").read_bytes()
