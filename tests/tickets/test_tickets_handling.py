"""What staff do with a request beside deciding it: who has it, what is written, who looked, what came by phone."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import MAIL, NOW, VAULT
from house import APPROVER, FAR, WORKER, House, at, rights
from keeping_builders import put

from pii.encryption import Vault, load_ring
from pii.masking import mask
from pii.redacted import Redacted
from tickets.errors import InputError, MoveError, UnknownRequestError
from tickets.handling import Handling, Manner, StaffFiling
from tickets.retention import Keeper
from tickets.rotation import rotate
from tickets.store import Store
from tickets.tables import requests
from tickets.tables_staff import remarks, staff, viewers
from tickets.vocabulary import Channel, ContactKind, Regime, Remark, Right, Role, Status, Way

ANNE, BERT = "staff:00000000000000aa", "staff:00000000000000bb"
CANARY = "zq7canary"
RACES = int(os.environ.get("RACES", "100"))  # on PostgreSQL; the long run makes 1,000
LOOKS = 1_000


@pytest.fixture
def house(store: Store) -> House:
    return House(store, FAR)


@pytest.fixture
def handling(store: Store) -> Handling:
    return Handling(store, VAULT, MAIL)


def employ(store: Store, *members: str, role: Role = Role.AGENT, is_disabled: bool = False) -> None:
    with store.unit() as unit:
        for name in members:
            values = {"id": name, "login": name[-4:], "role": role.value, "password": "", "is_first_password": True}
            put(unit, staff, **values, sealed=b"", key_id="k1", is_disabled=is_disabled, created_at=NOW)
        unit.commit()


def entries(store: Store, reference: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Actor, action and detail of a request's trail, without its opening."""
    found = sa.text(
        "SELECT actor, action, detail FROM audit WHERE request_id = (SELECT id FROM requests WHERE reference = :name) "
        "ORDER BY sequence"
    )
    with store.reading() as unit:
        rows = unit.execute(found.bindparams(name=reference)).all()
    return [(row.actor, row.action, json.loads(row.detail)) for row in rows]


def bytes_of(store: Store) -> str:
    """Every value of every table, as text."""
    with store.reading() as unit:
        tables = sa.inspect(unit.connection).get_table_names()
        rows = [tuple(row) for name in tables for row in unit.execute(sa.text(f'SELECT * FROM "{name}"'))]
    return repr([bytes(value) if isinstance(value, memoryview) else value for row in rows for value in row])


# Who has it


def test_a_request_is_claimed_assigned_and_released_and_the_trail_says_by_whom(
    house: House, handling: Handling, store: Store
) -> None:
    employ(store, ANNE, BERT)
    reference = house.file().reference
    handling.claim(reference, ANNE, NOW)
    assert house.service.show(reference).assignee == ANNE
    handling.assign(reference, BERT, ANNE, NOW)
    assert house.service.show(reference).assignee == BERT
    handling.release(reference, BERT, NOW)
    assert house.service.show(reference).assignee == ""
    assert entries(store, reference)[-3:] == [
        (ANNE, "claimed", {}),
        (ANNE, "assigned", {"to": BERT}),
        (BERT, "released", {}),
    ]


def test_what_somebody_else_has_is_not_claimed_and_ones_own_stays_as_it_is(house: House, handling: Handling) -> None:
    reference = house.file().reference
    handling.claim(reference, ANNE, NOW)
    before = house.service.show(reference)
    handling.claim(reference, ANNE, NOW)
    with pytest.raises(MoveError, match="somebody else"):
        handling.claim(reference, BERT, NOW)
    assert house.service.show(reference) == before


def test_a_request_is_given_only_to_somebody_who_may_work_on_it(house: House, handling: Handling, store: Store) -> None:
    employ(store, ANNE, is_disabled=True)
    employ(store, BERT, role=Role.VIEWER)
    reference = house.file().reference
    for nobody in (ANNE, BERT, "staff:unknown", ""):
        with pytest.raises(InputError):
            handling.assign(reference, nobody, WORKER, NOW)
    assert house.service.show(reference).assignee == ""


def test_nobody_takes_a_closed_request(house: House, handling: Handling, store: Store) -> None:
    employ(store, ANNE)
    reference = house.file().reference
    house.staff.refer(reference, "the school", WORKER, NOW)
    for change in (handling.claim, handling.release):
        with pytest.raises(MoveError, match="closed"):
            change(reference, ANNE, NOW)
    with pytest.raises(MoveError, match="closed"):
        handling.assign(reference, ANNE, WORKER, NOW)


CHANGES: dict[str, Callable[[Handling, str, int], object]] = {
    "claim": lambda handling, reference, seen: handling.claim(reference, ANNE, NOW, seen=seen),
    "assign": lambda handling, reference, seen: handling.assign(reference, ANNE, WORKER, NOW, seen=seen),
    "release": lambda handling, reference, seen: handling.release(reference, ANNE, NOW, seen=seen),
    "note": lambda handling, reference, seen: handling.note(reference, "looked", ANNE, NOW, seen=seen),
    "reply": lambda handling, reference, seen: handling.reply(reference, "hello", ANNE, NOW, seen=seen),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_what_has_changed_since_it_was_seen_is_refused(
    name: str, house: House, handling: Handling, store: Store
) -> None:
    employ(store, ANNE)
    reference = house.in_progress().reference
    seen = house.service.show(reference).version
    house.staff.approve(reference, APPROVER, NOW)
    before = bytes_of(store)
    with pytest.raises(MoveError, match="in the meantime"):
        CHANGES[name](handling, reference, seen)
    assert bytes_of(store) == before
    CHANGES[name](handling, reference, seen + 1)


def races(house: House, handling: Handling, count: int) -> list[list[str]]:
    """Two agents save what they saw at the same moment, again and again; gives who won each time."""
    won: list[list[str]] = []
    for number in range(count):
        reference = house.file(conversation=f"c{number}", idempotency_key=f"k{number}", contact="").reference
        seen, winners, ready = house.service.show(reference).version, list[str](), threading.Barrier(2)

        def save(actor: str) -> None:
            ready.wait()  # noqa: B023
            try:
                handling.claim(reference, actor, NOW, seen=seen)  # noqa: B023
                winners.append(actor)  # noqa: B023
            except MoveError:
                pass

        threads = [threading.Thread(target=save, args=(actor,)) for actor in (ANNE, BERT)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert house.service.show(reference).assignee in winners
        won.append(winners)
    return won


def test_of_two_who_save_at_once_one_wins_each_time(house: House, handling: Handling, store: Store) -> None:
    won = races(house, handling, 40 if store.is_sqlite else RACES)
    assert {len(winners) for winners in won} == {1}


# What is written


def test_a_note_is_for_staff_alone_sealed_and_without_contacts(house: House, handling: Handling, store: Store) -> None:
    reference, before = house.file().reference, len(house.letters())
    version = house.service.show(reference).version
    handling.note(reference, f"{CANARY}: call two@example.org", ANNE, NOW)
    (said,) = handling.remarks(reference)
    assert (said.kind, said.actor, said.at) == (Remark.NOTE, ANNE, NOW)
    assert said.text == f"{CANARY}: call [email-1]"
    assert len(house.letters()) == before and entries(store, reference)[-1] == (ANNE, "noted", {})
    assert CANARY not in bytes_of(store) and CANARY not in repr(said)
    assert house.service.show(reference).version == version


def test_a_reply_reaches_the_conversation_and_a_proven_mailbox(house: House, handling: Handling, store: Store) -> None:
    reference = house.in_progress().reference
    handling.reply(reference, f"{CANARY}: we found both accounts.", ANNE, NOW)
    chat, mail = house.letters(reference, "replied")
    assert {chat.way, mail.way} == {Way.WEB, Way.MAIL}
    for letter in (chat, mail):
        text = " ".join(letter.text.reveal().split())
        assert CANARY in text and "The support team of Klasso writes to you" in text
        assert f"Reference: {reference}" in text and 'say "ask the support team"' in text
    assert reference in mail.subject and CANARY not in mail.subject
    assert handling.remarks(reference)[0].kind is Remark.REPLY
    assert entries(store, reference)[-1] == (ANNE, "replied", {}) and CANARY not in bytes_of(store)


def test_a_reply_is_not_mailed_to_an_address_that_nobody_has_proven(house: House, handling: Handling) -> None:
    reference = house.file().reference
    handling.reply(reference, "hello", ANNE, NOW)
    assert [letter.way for letter in house.letters(reference, "replied")] == [Way.WEB]


def test_a_reply_outdates_what_others_have_on_their_screens(house: House, handling: Handling) -> None:
    reference = house.in_progress().reference
    seen = house.service.show(reference).version
    handling.reply(reference, "hello", ANNE, NOW)
    with pytest.raises(MoveError, match="in the meantime"):
        house.staff.approve(reference, APPROVER, NOW, seen=seen)


def test_who_cannot_be_reached_is_not_replied_to(house: House, handling: Handling) -> None:
    staffs = {"channel": Channel.STAFF, "filer": WORKER}
    by_phone = house.file(contact="+44 20 7946 0123", **staffs).reference
    by_mail = house.file(conversation="c2", idempotency_key="k2", **staffs).reference
    with pytest.raises(MoveError, match="no address"):
        handling.reply(by_phone, "hello", ANNE, NOW)
    handling.reply(by_mail, "hello", ANNE, NOW)
    assert handling.remarks(by_phone) == () and [one.way for one in house.letters(by_mail, "replied")] == [Way.MAIL]


@pytest.mark.parametrize("text", ["", "  \n", "x" * 4_001, "a\0b", "a\ud800b"])
def test_what_cannot_be_kept_is_not_written(house: House, handling: Handling, store: Store, text: str) -> None:
    reference = house.file().reference
    before = bytes_of(store)
    for write in (handling.note, handling.reply):
        with pytest.raises(InputError):
            write(reference, text, ANNE, NOW)
    assert bytes_of(store) == before


def test_a_reply_that_looks_like_a_template_arrives_as_it_is(house: House, handling: Handling) -> None:
    reference = house.file().reference
    handling.reply(reference, "$company ${reference} {{7*7}} <b>", ANNE, NOW)
    assert "$company ${reference} {{7*7}} <b>" in house.letters(reference, "replied")[0].text.reveal()


def test_a_damaged_remark_hides_no_other(house: House, handling: Handling, store: Store) -> None:
    reference = house.file().reference
    handling.note(reference, "first", ANNE, NOW)
    with store.unit() as unit:
        unit.execute(sa.update(remarks).values(sealed=b"damaged"))
        unit.commit()
    handling.note(reference, "second", ANNE, at(hours=1))
    assert [said.text for said in handling.remarks(reference)] == ["", "second"]


def test_a_remark_opens_in_its_own_row_only(house: House, handling: Handling, store: Store) -> None:
    one, other = (house.file(conversation=f"c{n}", idempotency_key=f"k{n}").reference for n in (1, 2))
    handling.note(one, "about the first", ANNE, NOW)
    handling.note(other, "about the second", ANNE, NOW)
    with store.unit() as unit:
        first = unit.execute(sa.select(remarks).order_by(remarks.c.id)).mappings().first()
        unit.execute(sa.update(remarks).values(sealed=first["sealed"]))
        unit.commit()
    texts = [said.text for reference in (one, other) for said in handling.remarks(reference)]
    assert texts.count("") == 1


# The person's answer


def asked(house: House, conversation: str = "conversation-1", key: str = "key-1", **changes: Any) -> str:
    """A request whose person is asked something."""
    reference = house.in_progress(conversation=conversation, idempotency_key=key, **changes).reference
    house.staff.ask_requester(reference, "Which account?", WORKER, NOW)
    return reference


def test_an_answer_is_kept_and_the_work_and_the_clock_go_on(house: House, handling: Handling, store: Store) -> None:
    reference = asked(house, regimes=frozenset({Regime.UK_GDPR}))
    due = house.service.show(reference).summary.answer_by
    assert handling.awaits_answer("conversation-1") == reference
    assert handling.answered("conversation-1", f"the {CANARY} one", at(days=5))
    details = house.service.show(reference)
    assert details.summary.status is Status.IN_PROGRESS and details.summary.answer_by > due
    (said,) = handling.remarks(reference)
    assert (said.kind, said.actor, said.text) == (Remark.ANSWER, "requester", f"the {CANARY} one")
    assert entries(store, reference)[-1] == ("requester", "answered", {}) and CANARY not in bytes_of(store)


def test_an_answer_is_heard_once_and_only_where_one_is_waited_for(house: House, handling: Handling) -> None:
    house.file(conversation="another", idempotency_key="another")
    reference = asked(house)
    assert not handling.answered("another", "the first one", NOW)
    assert handling.answered("conversation-1", "the first one", NOW)
    assert not handling.answered("conversation-1", "the first one", NOW)
    assert len(handling.remarks(reference)) == 1 and handling.awaits_answer("conversation-1") == ""


def test_of_two_questions_the_newer_one_is_answered_first(house: House, handling: Handling) -> None:
    older = asked(house)
    newer = house.in_progress(rights=rights(Right.ACCESS), idempotency_key="key-2").reference
    house.staff.ask_requester(newer, "Which data?", WORKER, at(hours=1))
    assert handling.answered("conversation-1", "all of it", at(hours=2))
    assert (house.status(newer), house.status(older)) == (Status.IN_PROGRESS, Status.AWAITING_REQUESTER)


def test_an_address_in_an_answer_comes_to_the_request_as_mentioned(house: House, handling: Handling) -> None:
    reference = asked(house)
    masked = mask("it is two@example.org")
    handles = house.box.keep("conversation-1", masked.found, NOW)
    assert handling.answered("conversation-1", masked.text, NOW, tuple(handles.values()))
    assert handling.remarks(reference)[0].text == "it is [email-1]"
    shown = handling.reveal(reference, ANNE, "compare with the records", NOW)
    assert sorted(one.value.reveal() for one in shown) == ["one@example.org", "two@example.org"]
    handling.reply(reference, "thank you", ANNE, NOW)
    mails = [one for one in house.letters(reference, "replied") if one.way is Way.MAIL]
    assert [one.recipient.reveal() for one in mails] == ["one@example.org"]


# Looking


def test_each_look_at_a_contact_has_its_entry_with_the_reason(house: House, handling: Handling, store: Store) -> None:
    reference = house.file().reference
    (shown,) = handling.reveal(reference, ANNE, "compare with the records", NOW)
    assert (shown.kind, shown.value.reveal()) == (ContactKind.EMAIL, "one@example.org")
    assert "one@" not in repr(shown)
    assert entries(store, reference)[-1] == (ANNE, "contact_revealed", {"reason": "compare with the records"})


def test_a_thousand_looks_leave_a_thousand_entries(house: House, handling: Handling, store: Store) -> None:
    reference = house.file().reference
    for number in range(LOOKS):
        handling.reveal(reference, ANNE, f"case {number}", NOW)
    reasons = [detail["reason"] for _, action, detail in entries(store, reference) if action == "contact_revealed"]
    assert reasons == [f"case {number}" for number in range(LOOKS)]
    assert house.service.verify_audit().intact


@pytest.mark.parametrize("reason", ["", "   ", "x" * 201, "asked by two@example.org"])
def test_without_a_reason_that_can_stay_nothing_is_shown(
    house: House, handling: Handling, store: Store, reason: str
) -> None:
    reference = house.file().reference
    with pytest.raises(InputError):
        handling.reveal(reference, ANNE, reason, NOW)
    assert "contact_revealed" not in house.actions(reference)


def test_two_who_have_a_request_open_see_each_other_for_a_minute(
    house: House, handling: Handling, store: Store
) -> None:
    employ(store, ANNE, BERT)
    reference, other = house.file().reference, house.file(conversation="c2", idempotency_key="k2").reference
    assert handling.looking(reference, ANNE, NOW) == ()
    assert handling.looking(reference, BERT, NOW) == (ANNE,)
    assert handling.looking(other, BERT, NOW) == ()
    assert handling.looking(reference, ANNE, NOW + timedelta(seconds=59)) == (BERT,)
    assert handling.looking(reference, ANNE, NOW + timedelta(seconds=90)) == ()
    with store.reading() as unit:
        assert unit.execute(sa.select(viewers.c.staff_id)).scalars().all() == [ANNE]


def test_looking_again_at_once_writes_nothing(house: House, handling: Handling, store: Store) -> None:
    employ(store, ANNE, BERT)
    reference = house.file().reference
    handling.looking(reference, ANNE, NOW)
    before = bytes_of(store)
    handling.looking(reference, ANNE, NOW + timedelta(seconds=5))
    assert bytes_of(store) == before
    assert handling.looking(reference, BERT, NOW + timedelta(seconds=70)) == ()


# What came by phone, mail or letter


def filing(**changes: Any) -> StaffFiling:
    usual: dict[str, Any] = {
        "policy": "klasso",
        "policy_version": "2026-04",
        "rights": rights(Right.DELETION),
        "regimes": frozenset({Regime.GDPR}),
        "received": date(2026, 1, 20),
        "manner": Manner.LETTER,
        "contact": Redacted("three@example.org"),
        "key": "form-1",
        "text": "delete it all, or call +44 20 7946 0123",
    }
    return StaffFiling(**(usual | changes))


def test_a_letter_is_entered_with_its_day_and_the_clock_runs_from_it(
    house: House, handling: Handling, store: Store
) -> None:
    receipt = handling.file_for(filing(), ANNE, NOW)
    details = house.service.show(receipt.reference)
    assert details.summary.received.date() == date(2026, 1, 20) and receipt.clock.answer_by == date(2026, 2, 20)
    assert details.channel is Channel.STAFF and details.text == "delete it all, or call [phone-1]"
    assert [contact.hint for contact in details.contacts] == ["t…@example.org", "…23"]
    assert house.row(receipt.reference)["filer"] == ANNE
    assert entries(store, receipt.reference)[-1] == (ANNE, "entered", {"manner": "letter", "received": "2026-01-20"})
    assert [letter.recipient.reveal() for letter in house.letters(receipt.reference)] == ["three@example.org"]


def test_who_entered_a_request_does_not_approve_it(house: House, handling: Handling) -> None:
    reference = handling.file_for(filing(rights=rights(Right.MARKETING_OPT_OUT)), ANNE, NOW).reference
    with pytest.raises(MoveError, match="does not approve"):
        house.staff.approve(reference, ANNE, NOW)
    house.staff.approve(reference, BERT, NOW)


def test_a_form_that_is_sent_twice_files_once(house: House, handling: Handling) -> None:
    first, second = handling.file_for(filing(), ANNE, NOW), handling.file_for(filing(), ANNE, at(hours=1))
    assert first == second and len(house.service.listing()) == 1
    assert house.actions(first.reference).count("entered") == 1
    handling.file_for(filing(key="form-2"), ANNE, NOW)
    assert len(house.service.listing()) == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"received": NOW.date() + timedelta(days=1)},
        {"received": NOW.date() - timedelta(days=367)},
        {"contact": Redacted("the lady from the second floor")},
        {"rights": frozenset()},
        {"text": "a\0b"},
        {"key": ""},
        {"policy": ""},
    ],
)
def test_what_cannot_be_is_not_entered(house: House, handling: Handling, odd: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        handling.file_for(filing(**odd), ANNE, NOW)
    assert house.service.listing() == ()


def test_what_came_today_counts_from_now_and_needs_no_contact(house: House, handling: Handling) -> None:
    receipt = handling.file_for(filing(received=NOW.date(), contact=Redacted(""), text=""), ANNE, NOW)
    assert receipt.received == NOW and house.service.show(receipt.reference).contacts == ()


# What leaves


def test_what_was_said_leaves_with_the_person(house: House, handling: Handling, store: Store) -> None:
    employ(store, BERT)
    reference, other = asked(house), house.file(conversation="c2", idempotency_key="k2").reference
    handling.answered("conversation-1", "the first one", NOW)
    handling.note(reference, "looked", ANNE, NOW)
    handling.note(other, "stays", ANNE, NOW)
    handling.looking(reference, BERT, NOW)
    house.staff.refer(reference, "the school", WORKER, NOW)
    Keeper(store, VAULT, mail=MAIL).forget("conversation-1", NOW)
    assert handling.remarks(reference) == () and [said.text for said in handling.remarks(other)] == ["stays"]
    with store.reading() as unit:
        assert unit.execute(sa.select(sa.func.count()).select_from(viewers)).scalar() == 0
    for write in (handling.note, handling.reply):
        with pytest.raises(MoveError, match="taken out"):
            write(reference, "hello", ANNE, NOW)


def test_what_was_said_about_an_open_request_stays_until_it_is_answered(house: House, handling: Handling) -> None:
    reference = asked(house)
    handling.answered("conversation-1", "the first one", NOW)
    Keeper(house.store, VAULT, mail=MAIL).forget("conversation-1", NOW)
    assert [said.text for said in handling.remarks(reference)] == ["the first one"]


def test_a_restored_backup_forgets_what_was_said_again(
    house: House, handling: Handling, store: Store, tmp_path: Any
) -> None:
    keeper = Keeper(store, VAULT, ledger=tmp_path / "erasures.jsonl", mail=MAIL)
    reference = house.file().reference
    handling.note(reference, "looked", ANNE, NOW)
    house.staff.refer(reference, "the school", WORKER, NOW)
    with store.reading() as unit:
        kept = dict(unit.execute(sa.select(remarks)).mappings().one())
        row = dict(house.row(reference))
    keeper.forget("conversation-1", at(hours=1))
    with store.unit() as unit:  # as a backup from before brings it back
        put(unit, remarks, **kept)
        changed = {name: row[name] for name in ("conversation", "filer", "text", "pseudonymised_at")}
        unit.execute(sa.text("DELETE FROM erasures"))
        unit.execute(sa.update(requests).values(**changed))
        unit.commit()
    assert len(handling.remarks(reference)) == 1
    assert keeper.catch_up(at(hours=2)) is not None
    assert handling.remarks(reference) == ()


def test_a_person_is_told_that_answers_are_kept(house: House, handling: Handling) -> None:
    asked(house)
    keeper = Keeper(house.store, VAULT)
    assert keeper.my_data("conversation-1").answers == 0
    handling.answered("conversation-1", "the first one", NOW)
    assert keeper.my_data("conversation-1").answers == 1 and keeper.my_data("another").answers == 0


def test_remarks_are_sealed_anew_with_a_new_key(store: Store, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickets.rotation.SETTLE_SECONDS", 0.0)
    path = tmp_path / "keys.json"
    old = Vault(load_ring(path))
    reference = House(store, FAR).file(contact="").reference
    Handling(store, old, MAIL).note(reference, "looked", ANNE, NOW)
    rotate(store, path)
    new = Vault(load_ring(path))
    assert [said.text for said in Handling(store, new, MAIL).remarks(reference)] == ["looked"]
    assert [said.text for said in Handling(store, old, MAIL).remarks(reference)] == [""]


def test_no_request_no_handling(handling: Handling) -> None:
    for call in (
        lambda: handling.claim("KLS-7F3K-92QD", ANNE, NOW),
        lambda: handling.note("KLS-7F3K-92QD", "x", ANNE, NOW),
        lambda: handling.remarks("nonsense"),
        lambda: handling.looking("", ANNE, NOW),
        lambda: handling.reveal("KLS-7F3K-92QD", ANNE, "why", NOW),
    ):
        with pytest.raises(UnknownRequestError):
            call()
