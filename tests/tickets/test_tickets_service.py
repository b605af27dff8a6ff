"""Filing, looking and withdrawing, as the fronts see it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW, wish

from tickets import audit
from tickets.clocks import due
from tickets.errors import InputError, KeyReusedError, MoveError, TicketError, UnknownRequestError
from tickets.model import Filters
from tickets.service import RequestService
from tickets.store import Store
from tickets.vocabulary import Channel, Regime, Right, Status

LATER = NOW + timedelta(hours=1)
Count = Callable[[str], int]


def test_a_request_is_filed_with_rights_clock_audit_and_key(service: RequestService, count: Count) -> None:
    both = frozenset({Right.DELETION, Right.ACCESS})
    receipt = service.open_request(wish(rights=both), NOW)
    assert receipt.created and receipt.status is Status.RECEIVED and receipt.received == NOW
    assert receipt.rights == (Right.ACCESS, Right.DELETION) and receipt.missing == ()
    assert receipt.clock == due({Regime.GDPR}, both, NOW)
    assert [count(table) for table in ("requests", "request_rights", "audit", "idempotency_keys")] == [1, 2, 1, 1]
    details = service.show(receipt.reference)
    assert details.text == "please delete everything, answer to [email-1]" and details.working == receipt.clock.working
    assert [(line.action, line.actor, line.at) for line in details.history] == [("opened", "requester", NOW)]


def test_the_same_key_gives_the_same_receipt_whatever_happened_since(service: RequestService, count: Count) -> None:
    receipt = service.open_request(wish(), NOW)
    service.withdraw(receipt.reference, "conversation-1", LATER)
    assert service.open_request(wish(), LATER) == receipt
    assert count("requests") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"text": "something else"},
        {"rights": frozenset({Right.ACCESS})},
        {"policy": "klantra"},
        {"policy_version": "2025"},
        {"regimes": frozenset()},
        {"channel": Channel.TELEGRAM},
        {"country": "DE"},
    ],
    ids=str,
)
def test_the_same_key_with_other_content_is_refused(service: RequestService, count: Count, change: Any) -> None:
    service.open_request(wish(), NOW)
    with pytest.raises(KeyReusedError):
        service.open_request(wish(**change), LATER)
    assert count("requests") == count("audit") == 1


def test_a_key_counts_within_its_conversation(service: RequestService) -> None:
    first = service.open_request(wish(), NOW)
    second = service.open_request(wish(conversation="conversation-2"), NOW)
    assert second.created and first.reference != second.reference


def test_what_is_open_already_is_not_filed_again_and_what_it_lacks_is_named(service: RequestService) -> None:
    first = service.open_request(wish(), NOW)
    wider = wish(idempotency_key="key-2", rights=frozenset({Right.DELETION, Right.ACCESS, Right.COMPLAINT}))
    again = service.open_request(wider, LATER)
    assert (again.reference, again.created, again.received) == (first.reference, False, NOW)
    assert again.rights == (Right.DELETION,) and again.missing == (Right.ACCESS, Right.COMPLAINT)
    assert service.open_request(wider, LATER) == again
    rest = service.open_request(wish(idempotency_key="key-3", rights=frozenset(again.missing)), LATER)
    assert rest.created and rest.rights == again.missing


@pytest.mark.parametrize(
    "change",
    [{"conversation": "conversation-2"}, {"policy": "klantra"}, {"rights": frozenset({Right.ACCESS})}],
    ids=str,
)
def test_another_person_policy_or_right_is_another_request(service: RequestService, change: Any) -> None:
    service.open_request(wish(), NOW)
    assert service.open_request(wish(idempotency_key="key-2", **change), NOW).created


def test_after_withdrawing_the_same_can_be_filed_anew(service: RequestService) -> None:
    first = service.open_request(wish(), NOW)
    service.withdraw(first.reference, "conversation-1", NOW)
    second = service.open_request(wish(idempotency_key="key-2"), LATER)
    assert second.created and second.reference != first.reference


@pytest.mark.parametrize(
    "change",
    [
        {"rights": frozenset()},
        {"text": "x" * 4_001},
        {"text": "write to alice@example.org"},
        {"text": "call +1 555-0123"},
        {"text": "\0"},
        {"text": "\ud800"},
        {"policy": ""},
        {"policy_version": "x" * 201},
        {"conversation": ""},
        {"conversation": "x" * 200},
        {"idempotency_key": ""},
        {"idempotency_key": "a\0b"},
        {"channel": Channel.STAFF},
        {"filer": "x" * 201},
        {"country": "XX"},
    ],
    ids=lambda change: str(change)[:50],
)
def test_what_cannot_be_filed_is_refused_and_nothing_is_kept(
    service: RequestService, count: Count, change: Any
) -> None:
    with pytest.raises(TicketError):
        service.open_request(wish(**change), NOW)
    assert [count(table) for table in ("requests", "audit", "idempotency_keys")] == [0, 0, 0]


def test_a_naive_time_is_refused(service: RequestService) -> None:
    with pytest.raises(InputError):
        service.open_request(wish(), datetime(2026, 1, 1))
    with pytest.raises(InputError):
        service.withdraw("KLS-7F3K-92QD", "conversation-1", datetime(2026, 1, 1))


@pytest.mark.parametrize("text", ["x" * 4_000, "", "'; DROP TABLE requests; --", "=1+1", "\U0001f600\u202e\x1b[31m"])
def test_a_text_is_kept_as_it_is(service: RequestService, text: str) -> None:
    receipt = service.open_request(wish(text=text), NOW)
    assert service.show(receipt.reference).text == text


def test_a_request_entered_by_staff_remembers_who_filed_it(service: RequestService, store: Store) -> None:
    service.open_request(wish(channel=Channel.STAFF, filer="staff:anna"), NOW)
    with store.reading() as unit:
        assert unit.execute(sa.text("SELECT filer FROM requests")).scalar() == "staff:anna"


def test_withdrawing_is_audited_and_can_be_repeated(service: RequestService, count: Count) -> None:
    receipt = service.open_request(wish(), NOW)
    first = service.withdraw(receipt.reference.lower(), "conversation-1", LATER)
    assert first.status is Status.WITHDRAWN
    assert service.withdraw(receipt.reference, "conversation-1", LATER) == first
    history = service.show(receipt.reference).history
    assert [(line.action, line.from_status, line.to_status) for line in history] == [
        ("opened", None, Status.RECEIVED),
        ("withdrawn", Status.RECEIVED, Status.WITHDRAWN),
    ]
    assert count("audit") == 2 and service.verify_audit().intact


def test_somebody_elses_request_is_answered_like_a_missing_one(service: RequestService) -> None:
    receipt = service.open_request(wish(), NOW)
    said = set()
    for reference, conversation in [
        (receipt.reference, "conversation-2"),
        ("KLS-7F3K-92QD", "conversation-1"),
        ("nonsense", "conversation-1"),
    ]:
        with pytest.raises(UnknownRequestError) as refusal:
            service.withdraw(reference, conversation, NOW)
        said.add(str(refusal.value))
    assert len(said) == 1
    assert service.status_of("conversation-1")[0].status is Status.RECEIVED
    with pytest.raises(UnknownRequestError):
        service.show("KLS-7F3K-92QD")


def test_a_closed_request_cannot_be_withdrawn(service: RequestService, store: Store) -> None:
    receipt = service.open_request(wish(), NOW)
    with store.unit() as unit:
        unit.execute(
            sa.text("UPDATE requests SET status = 'referred', referred_to = 'x', closed_at = :at").bindparams(at=NOW)
        )
        unit.commit()
    with pytest.raises(MoveError):
        service.withdraw(receipt.reference, "conversation-1", NOW)


def test_a_person_sees_their_own_requests_newest_first(service: RequestService) -> None:
    older = service.open_request(wish(), NOW)
    newer = service.open_request(wish(idempotency_key="2", rights=frozenset({Right.ACCESS})), LATER)
    service.open_request(wish(conversation="conversation-2"), NOW)
    found = service.status_of("conversation-1")
    assert [summary.reference for summary in found] == [newer.reference, older.reference]
    assert service.status_of("conversation-3") == ()


def test_the_listing_is_sorted_by_due_date_and_narrowed_by_filters(service: RequestService) -> None:
    late = service.open_request(wish(conversation="a", regimes=frozenset()), NOW + timedelta(days=9))
    soon = service.open_request(wish(conversation="b", policy="klantra"), NOW)
    service.withdraw(soon.reference, "b", NOW)
    every = [summary.reference for summary in service.listing()]
    assert every == [soon.reference, late.reference]

    def listed(**filters: Any) -> list[str]:
        return [summary.reference for summary in service.listing(Filters(**filters))]

    assert listed(policy="klantra") == [soon.reference] and listed(open_only=True) == [late.reference]
    assert listed(status=Status.WITHDRAWN) == [soon.reference] and listed(due_by=date(2026, 3, 2)) == [soon.reference]
    assert listed(limit=1) == [soon.reference] and listed(policy="nobody") == []


def test_views_do_not_name_the_conversation(service: RequestService) -> None:
    receipt = service.open_request(wish(conversation="canary"), NOW)
    shown = [service.listing(), service.show(receipt.reference).to_json(), receipt.to_json()]
    assert "canary" not in str(shown)


def test_filing_in_parallel_with_one_key_files_once(service: RequestService, count: Count) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(10):
            same = wish(conversation=f"c{number}", idempotency_key="k")
            receipts = list(pool.map(lambda one: service.open_request(one, NOW), [same] * 8))
            assert len(set(receipts)) == 1
    assert count("requests") == count("audit") == count("idempotency_keys") == 10


def test_filing_in_parallel_with_many_keys_opens_one(service: RequestService, count: Count) -> None:
    with ThreadPoolExecutor(8) as pool:
        wishes = [wish(idempotency_key=f"k{number}") for number in range(16)]
        receipts = list(pool.map(lambda one: service.open_request(one, NOW), wishes))
    assert len({receipt.reference for receipt in receipts}) == 1
    assert [receipt.created for receipt in receipts].count(True) == count("requests") == 1


def test_filing_in_parallel_keeps_the_chain_whole(service: RequestService) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: service.open_request(wish(conversation=f"c{n}"), NOW), range(40)))
    report = service.verify_audit()
    assert report.intact and report.entries == 40


# The audit trail


@pytest.fixture
def trail(service: RequestService) -> audit.Anchor:
    """Six entries about four requests; gives the newest."""
    for number in range(4):
        receipt = service.open_request(wish(conversation=f"c{number}"), NOW)
        if number < 2:
            service.withdraw(receipt.reference, f"c{number}", LATER)
    return service.verify_audit().head


def tampered(store: Store, *statements: str) -> None:
    """Change the trail with the triggers taken away, as its keeper could."""
    off = ["DROP TRIGGER audit_append_only ON audit", "DROP TRIGGER rights_kept ON request_rights"]
    if store.is_sqlite:
        off = [f"DROP TRIGGER {name}" for name in ("audit_no_update", "audit_no_delete", "rights_no_delete")]
    with store.unit() as unit:
        for statement in [*off, *statements]:
            unit.execute(sa.text(statement))
        unit.commit()


def test_a_whole_trail_is_called_whole(service: RequestService, trail: audit.Anchor) -> None:
    report = service.verify_audit(trail)
    assert report.intact and report.entries == 6 and report.head == trail


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_the_trail(store: Store, trail: audit.Anchor, statement: str) -> None:
    with pytest.raises(TicketError), store.unit() as unit:
        unit.execute(sa.text(statement))
        unit.commit()


@pytest.mark.parametrize(
    "column", ["at", "request_id", "actor", "action", "from_status", "to_status", "detail", "previous", "hash"]
)
def test_every_field_is_in_the_chain(service: RequestService, store: Store, trail: audit.Anchor, column: str) -> None:
    value = "'2020-01-01 00:00:00.000000'" if column == "at" else "'x'"
    tampered(store, f"UPDATE audit SET {column} = {value} WHERE sequence = 3")
    assert any("entry 3" in problem for problem in service.verify_audit().problems)


INSERT = """INSERT INTO audit
SELECT 7, at, request_id, actor, action, from_status, to_status, detail, hash, hash FROM audit WHERE sequence = 6"""


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM audit WHERE sequence = 1"],
        ["DELETE FROM audit WHERE sequence = 4"],
        ["UPDATE audit SET sequence = 99 WHERE sequence = 2"],
        [
            "UPDATE audit SET sequence = 99 WHERE sequence = 2",
            "UPDATE audit SET sequence = 2 WHERE sequence = 3",
            "UPDATE audit SET sequence = 3 WHERE sequence = 99",
        ],
        [INSERT],
    ],
)
def test_gaps_reorders_and_inserts_are_found(
    service: RequestService, store: Store, trail: audit.Anchor, statements: list[str]
) -> None:
    tampered(store, *statements)
    assert not service.verify_audit().intact


def test_a_cut_tail_is_found_only_with_the_anchor(service: RequestService, store: Store, trail: audit.Anchor) -> None:
    gone = "(SELECT request_id FROM audit WHERE sequence = 6)"
    tampered(
        store,
        f"DELETE FROM idempotency_keys WHERE request_id IN {gone}",
        f"DELETE FROM request_rights WHERE request_id IN {gone}",
        f"DELETE FROM requests WHERE id IN {gone}",
        "DELETE FROM audit WHERE sequence = 6",
    )
    assert service.verify_audit().intact  # the control: the chain alone cannot know
    assert not service.verify_audit(trail).intact


def test_a_status_changed_past_the_trail_is_found(service: RequestService, store: Store, trail: audit.Anchor) -> None:
    reference = service.listing(Filters(open_only=True))[0].reference
    with store.unit() as unit:
        unit.execute(sa.text(f"UPDATE requests SET status = 'unverified' WHERE reference = '{reference}'"))
        unit.commit()
    assert service.verify_audit().problems == (f"{reference} has a status that the trail does not know",)
