"""What staff do with a request: each step guarded, in the trail, told to the person, and done once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW
from house import APPROVER, CHECKER, FAR, WORKER, House, at, in_part, rights

from tickets.clocks import Facts, Pause, due
from tickets.drp import drp_status
from tickets.errors import InputError, MoveError, TicketError, UnknownRequestError
from tickets.store import Store
from tickets.vocabulary import (
    Channel,
    DelayReason,
    EvidenceKind,
    RefusalReason,
    Regime,
    Right,
    Status,
    Way,
)

CHAT = "conversation-1"
MATCH, MAILBOX = EvidenceKind.STAFF_RECORD_MATCH, EvidenceKind.MAILBOX_CONTROL
ACCESS = rights(Right.ACCESS)
UK, CALIFORNIA, NO_LAW = frozenset({Regime.UK_GDPR}), frozenset({Regime.CCPA}), frozenset[Regime]()
WHY = DelayReason.COMPLEXITY_OF_PROCESS
Count = Callable[[str], int]


@pytest.fixture
def house(store: Store) -> House:
    return House(store, FAR)


def told(house: House, reference: str, way: Way) -> list[str]:
    """The kinds of news that wait for a request, without the letters that carry codes."""
    return [one.kind for one in house.letters(reference) if one.way is way and one.kind != "code"]


# From proof to the answer


def test_a_deletion_goes_from_proof_through_the_hold_to_its_answer(house: House) -> None:
    receipt = house.in_progress()
    reference = receipt.reference
    assert house.row(reference)["hold_until"] == at(hours=72)
    house.staff.approve(reference, APPROVER, NOW)
    with pytest.raises(MoveError, match="hold_over"):
        house.staff.fulfil(reference, WORKER, at(hours=71.99))
    done = house.staff.fulfil(reference, WORKER, at(hours=72))
    assert done.status is Status.FULFILLED and house.row(reference)["closed_at"] == at(hours=72)
    assert house.actions(reference) == [
        *("opened", "code_sent", "shown_mailbox_control", "shown_staff_record_match", "verified"),
        *("started", "approved", "fulfilled"),
    ]
    assert told(house, reference, Way.WEB) == ["verified", "fulfilled"]
    assert told(house, reference, Way.MAIL) == ["verified", "fulfilled"]
    assert house.service.verify_audit().intact


def test_what_destroys_nothing_is_not_held(house: House) -> None:
    reference = house.in_progress(rights=ACCESS).reference
    assert house.row(reference)["hold_until"] is None
    house.staff.approve(reference, WORKER, NOW)
    assert house.staff.fulfil(reference, WORKER, NOW).status is Status.FULFILLED  # one colleague other than the filer


def test_a_deletion_takes_two_members_of_staff(house: House) -> None:
    reference = house.in_progress().reference
    house.staff.approve(reference, WORKER, NOW)
    with pytest.raises(MoveError, match="second_person"):
        house.staff.fulfil(reference, WORKER, at(hours=73))
    assert house.staff.fulfil(reference, APPROVER, at(hours=73)).status is Status.FULFILLED


def test_nothing_is_carried_out_without_an_approver_other_than_the_filer(house: House) -> None:
    reference = house.in_progress(rights=ACCESS).reference
    with pytest.raises(MoveError, match="second_person"):
        house.staff.fulfil(reference, WORKER, NOW)
    own = house.file(
        channel=Channel.STAFF, filer=WORKER, rights=ACCESS, idempotency_key="2", conversation="c2"
    ).reference
    house.staff.verify(own, MATCH, CHECKER, NOW)
    house.staff.verify(own, MAILBOX, APPROVER, NOW)
    house.staff.start(own, WORKER, NOW)
    with pytest.raises(MoveError, match="who filed"):
        house.staff.approve(own, WORKER, NOW)


def test_only_what_is_proven_and_open_is_approved_and_once(house: House) -> None:
    reference = house.file().reference
    with pytest.raises(MoveError):
        house.staff.approve(reference, APPROVER, NOW)
    proven = house.verified(conversation="c2", contact="two@example.org").reference
    house.staff.approve(proven, APPROVER, NOW)
    with pytest.raises(MoveError, match="already"):
        house.staff.approve(proven, CHECKER, NOW)
    house.service.withdraw(proven, "c2", NOW)
    with pytest.raises(MoveError):
        house.staff.approve(proven, CHECKER, NOW)


# Proof by staff


def test_one_member_of_staff_cannot_give_both_signals(house: House) -> None:
    reference = house.file("+44 20 7946 0123").reference
    house.staff.verify(reference, MATCH, CHECKER, NOW)
    with pytest.raises(MoveError, match="second person"):
        house.staff.verify(reference, MAILBOX, CHECKER, NOW)
    assert house.status(reference) is Status.RECEIVED
    assert house.staff.verify(reference, MAILBOX, APPROVER, NOW).status is Status.VERIFIED


def test_the_same_signal_twice_is_still_one(house: House) -> None:
    reference = house.file().reference
    first = house.staff.verify(reference, MATCH, CHECKER, NOW)
    assert house.staff.verify(reference, MATCH, APPROVER, NOW) == first and first.status is Status.UNVERIFIED
    assert house.service.show(reference).evidence == (MATCH,)


def test_nobody_writes_down_that_no_proof_is_needed(house: House) -> None:
    reference = house.file().reference
    with pytest.raises(InputError):
        house.staff.verify(reference, EvidenceKind.NOT_REQUIRED, CHECKER, NOW)


def test_a_settled_or_closed_request_takes_no_more_evidence(house: House) -> None:
    reference = house.verified().reference
    with pytest.raises(MoveError):
        house.staff.verify(reference, EvidenceKind.LOGIN_TOKEN, CHECKER, NOW)


def test_before_destruction_every_address_hears_how_to_stop_it(house: House) -> None:
    receipt = house.file("one@example.org two@example.org +44 20 7946 0123")
    house.identity.check_code(CHAT, house.code(receipt.reference), NOW)
    house.staff.verify(receipt.reference, MATCH, CHECKER, NOW)
    notices = [one for one in house.letters(receipt.reference, "verified") if one.way is Way.MAIL]
    assert [one.recipient.reveal() for one in notices] == ["one@example.org", "two@example.org"]
    assert len({one.text.reveal() for one in notices}) == 2
    for notice in notices:
        assert "https://desk.example.org/stop/" in notice.text.reveal() and receipt.reference in notice.text.reveal()
    assert house.identity.stop(house.stop_token(receipt.reference, "verified"), at(hours=71)) is not None
    assert house.status(receipt.reference) is Status.WITHDRAWN


# Asking, and the clock


def test_a_question_is_put_where_the_person_asked_and_the_work_goes_on_after_the_answer(house: House) -> None:
    reference = house.in_progress().reference
    house.staff.ask_requester(reference, "Which of ${two} accounts?\nPlease say.", WORKER, NOW)
    chat, mail = house.letters(reference, "asked")
    assert chat.way is Way.WEB and chat.recipient.reveal() == CHAT
    assert mail.way is Way.MAIL and mail.recipient.reveal() == "one@example.org"  # who has left the chat hears of it
    for letter in (chat, mail):
        assert "Which of ${two} accounts?\nPlease say." in letter.text.reveal()
    assert house.staff.heard_requester(reference, WORKER, at(days=1)).status is Status.IN_PROGRESS


@pytest.mark.parametrize("question", ["", "  \n", "x" * 2_001, "a\0b"])
def test_a_question_that_is_none_is_refused(house: House, question: str) -> None:
    reference = house.in_progress().reference
    with pytest.raises(InputError):
        house.staff.ask_requester(reference, question, WORKER, NOW)
    assert house.status(reference) is Status.IN_PROGRESS


def paused(house: House, regimes: frozenset[Regime]) -> str:
    """A request about which two questions took five and three days to answer; gives its reference."""
    reference = house.in_progress(regimes=regimes, rights=ACCESS).reference
    for asked, answered in ((1, 6), (10, 13)):
        before = house.row(reference)["answer_by"]
        house.staff.ask_requester(reference, "Which account?", WORKER, at(days=asked))
        assert house.row(reference)["answer_by"] == before  # waiting alone moves nothing
        house.staff.heard_requester(reference, WORKER, at(days=answered))
    return reference


def test_the_wait_for_an_answer_counts_only_where_the_law_says_so(house: House) -> None:
    pauses = (Pause(at(days=1), at(days=6)), Pause(at(days=10), at(days=13)))
    row = house.row(paused(house, UK))
    assert row["answer_by"] == due(UK, ACCESS, NOW, facts=Facts(proof_arrived=NOW, pauses=pauses)).answer_by
    assert row["answer_by"] == date(2026, 3, 9)  # 28 Feb and eight days is a Sunday
    assert "stopped for 8 days" in row["working"]


@pytest.mark.parametrize("regimes", [frozenset({Regime.GDPR}), CALIFORNIA, NO_LAW, UK | {Regime.GDPR}], ids=str)
def test_elsewhere_a_question_moves_no_date(house: House, regimes: frozenset[Regime]) -> None:
    assert house.row(paused(house, regimes))["answer_by"] == due(regimes, ACCESS, NOW).answer_by


def test_in_the_uk_the_clock_starts_when_the_requester_has_given_their_proof(house: House) -> None:
    receipt = house.file(regimes=UK, rights=ACCESS)
    house.identity.send_again(CHAT, at(days=4))
    house.identity.check_code(CHAT, house.code(receipt.reference), at(days=4))
    house.staff.verify(receipt.reference, MATCH, CHECKER, at(days=9))  # how long staff take moves nothing
    row = house.row(receipt.reference)
    assert row["answer_by"] == date(2026, 3, 4) > receipt.clock.answer_by
    assert row["received_at"] == NOW and "the needed proof of identity arrived Wed 4 Feb 2026" in row["working"]


@pytest.mark.parametrize("regimes", [frozenset({Regime.GDPR}), CALIFORNIA, NO_LAW], ids=str)
def test_elsewhere_proof_moves_no_date(house: House, regimes: frozenset[Regime]) -> None:
    receipt = house.file(regimes=regimes, rights=ACCESS)
    house.identity.send_again(CHAT, at(days=2))
    house.identity.check_code(CHAT, house.code(receipt.reference), at(days=2))
    house.staff.verify(receipt.reference, MATCH, CHECKER, at(days=5))
    assert house.row(receipt.reference)["answer_by"] == receipt.clock.answer_by


# More time


@pytest.mark.parametrize(
    ("regimes", "longer"),
    [(frozenset({Regime.GDPR}), date(2026, 4, 30)), (UK, date(2026, 4, 30)), (CALIFORNIA, date(2026, 5, 1))],
    ids=str,
)
def test_the_law_gives_more_time_once_with_a_reason_and_a_notice(
    house: House, regimes: frozenset[Regime], longer: date
) -> None:
    reference = house.in_progress(regimes=regimes, rights=ACCESS).reference
    assert house.staff.extend(reference, WHY, WORKER, at(days=20)).answer_by == longer
    row = house.row(reference)
    assert (row["extended_at"], row["extension_reason"], row["status"]) == (at(days=20), WHY.value, "in_progress")
    notice = house.letters(reference, "extended")[-1].text.reveal()
    assert "complex" in notice and f"{longer.day} {longer:%B %Y}" in notice
    with pytest.raises(MoveError, match="once"):
        house.staff.extend(reference, WHY, WORKER, at(days=21))
    assert house.service.show(reference).extended and house.service.verify_audit().intact


def test_the_notice_has_to_go_out_within_the_first_period(house: House) -> None:
    reference = house.in_progress(rights=ACCESS).reference
    last = datetime(2026, 3, 2, 23, 59, tzinfo=timezone.utc)
    with pytest.raises(MoveError, match="too late"):
        house.staff.extend(reference, WHY, WORKER, last + timedelta(minutes=1))
    assert told(house, reference, Way.WEB) == ["verified"]
    house.staff.extend(reference, WHY, WORKER, last)


@pytest.mark.parametrize(
    ("regimes", "asked"),
    [
        (NO_LAW, ACCESS),
        (CALIFORNIA, rights(Right.SALE_SHARE_OPT_OUT)),
        (CALIFORNIA | {Regime.GDPR}, rights(Right.SALE_SHARE_OPT_OUT)),
        (frozenset({Regime.GDPR}), rights(Right.QUESTION)),
    ],
    ids=str,
)
def test_where_no_law_gives_more_time_none_is_taken(
    house: House, regimes: frozenset[Regime], asked: frozenset[Right]
) -> None:
    reference = house.file(regimes=regimes, rights=asked).reference
    with pytest.raises(MoveError, match="no law"):
        house.staff.extend(reference, WHY, WORKER, at(days=1))
    assert not house.service.show(reference).extended


def test_a_wait_after_an_extension_adds_to_it(house: House) -> None:
    reference = house.in_progress(regimes=UK, rights=ACCESS).reference
    longer = house.staff.extend(reference, WHY, WORKER, at(days=1)).answer_by
    house.staff.ask_requester(reference, "Which account?", WORKER, at(days=2))
    assert house.staff.heard_requester(reference, WORKER, at(days=3)).answer_by > longer


# Other ends


def test_a_refusal_says_why_what_it_rests_on_and_how_to_complain(house: House) -> None:
    reference = house.file().reference
    reason = RefusalReason.PROCESS_EXCESSIVE
    assert house.staff.refuse(reference, reason, "Art. 12(5) GDPR", CHECKER, NOW).status is Status.DENIED
    text = house.letters(reference, "denied")[-1].text.reveal()
    assert "excessive" in text and "Art. 12(5) GDPR" in text and "data protection authority" in text
    assert told(house, reference, Way.MAIL) == []  # nobody showed that the address is theirs
    with pytest.raises(InputError):
        house.staff.refuse(house.file(conversation="c2").reference, reason, " ", CHECKER, NOW)


def test_a_part_that_is_done_is_said_with_why_the_rest_is_not(house: House) -> None:
    reference = house.in_progress(rights=ACCESS).reference
    house.staff.approve(reference, APPROVER, NOW)
    done = house.staff.partly_fulfil(reference, in_part(Right.ACCESS), WORKER, NOW)
    assert done.status is Status.PARTLY_FULFILLED
    assert told(house, reference, Way.MAIL) == told(house, reference, Way.WEB)[1:] == ["partly_fulfilled"]
    with pytest.raises(MoveError):
        house.staff.fulfil(reference, WORKER, NOW)


def test_a_referral_names_the_other_party_to_the_person_but_not_in_the_trail(house: House, store: Store) -> None:
    reference = house.file().reference
    assert house.staff.refer(reference, "the school", CHECKER, NOW).status is Status.REFERRED
    assert "the school" in house.letters(reference, "referred")[-1].text.reveal()
    with store.reading() as unit:
        assert "school" not in str(unit.execute(sa.text("SELECT detail FROM audit")).all())


def test_a_duplicate_is_closed_only_if_the_original_covers_all_of_it(house: House) -> None:
    original = house.verified(rights=rights(Right.DELETION, Right.ACCESS)).reference
    same = house.file(conversation="c2").reference
    more = house.file(conversation="c3", rights=rights(Right.DELETION, Right.OBJECTION)).reference
    other = house.file(conversation="c4", policy="klantra").reference
    assert house.staff.link_duplicate(same, original.lower(), CHECKER, NOW).status is Status.DUPLICATE
    assert original in house.letters(same, "duplicate")[-1].text.reveal()
    assert house.row(same)["verified_at"] is None  # the proof of the one is not the proof of the other
    for one, of_that in ((more, original), (other, original), (original, original), (more, same)):
        with pytest.raises(MoveError):
            house.staff.link_duplicate(one, of_that, CHECKER, NOW)
    with pytest.raises(UnknownRequestError):
        house.staff.link_duplicate(more, "KLS-7F3K-92QD", CHECKER, NOW)


def test_what_staff_entered_is_answered_by_mail(house: House) -> None:
    reference = house.file(channel=Channel.STAFF, filer="staff:9", rights=ACCESS).reference
    house.staff.verify(reference, MATCH, CHECKER, NOW)
    house.staff.verify(reference, MAILBOX, APPROVER, NOW)
    house.staff.start(reference, WORKER, NOW)
    house.staff.ask_requester(reference, "Which account?", WORKER, NOW)
    assert told(house, reference, Way.MAIL) == ["received", "verified", "asked"]
    assert told(house, reference, Way.WEB) == []


def test_what_came_by_telegram_is_answered_there(house: House) -> None:
    reference = house.verified(channel=Channel.TELEGRAM).reference
    (letter,) = [one for one in house.letters(reference) if one.way is Way.TELEGRAM]
    assert (letter.recipient.reveal(), letter.lane, letter.subject) == (CHAT, CHAT, "")


# Contacts


def test_a_contact_is_revealed_only_with_a_reason_and_a_trace(house: House, store: Store) -> None:
    reference = house.file("kilo@example.org +44 20 7946 0123").reference
    shown = house.staff.reveal_contact(reference, CHECKER, "caller asks about it", NOW)
    assert [one.value.reveal() for one in shown] == ["kilo@example.org", "+442079460123"]
    assert house.actions(reference)[-1] == "contact_revealed"
    with store.reading() as unit:
        last = unit.execute(sa.text("SELECT actor, detail FROM audit ORDER BY sequence DESC")).first()
    assert last is not None and last.actor == CHECKER and "caller asks about it" in last.detail
    before = len(house.actions(reference))
    for reason in ("", " ", "x" * 201, "wrote to kilo@example.org"):
        with pytest.raises(InputError):
            house.staff.reveal_contact(reference, CHECKER, reason, NOW)
    assert len(house.actions(reference)) == before


# Two at once, twice, or not at all


def asked(house: House, reference: str) -> tuple[Right, ...]:
    try:
        return house.service.show(reference).summary.rights
    except UnknownRequestError:
        return (Right.ACCESS,)


Act = Callable[[House, str], Any]
ACTS: dict[str, Act] = {
    "verify": lambda house, ref: house.staff.verify(ref, MATCH, CHECKER, NOW),
    "start": lambda house, ref: house.staff.start(ref, WORKER, NOW),
    "ask_requester": lambda house, ref: house.staff.ask_requester(ref, "Which account?", WORKER, NOW),
    "heard_requester": lambda house, ref: house.staff.heard_requester(ref, WORKER, NOW),
    "await_controller": lambda house, ref: house.staff.await_controller(ref, WORKER, NOW),
    "heard_controller": lambda house, ref: house.staff.heard_controller(ref, WORKER, NOW),
    "extend": lambda house, ref: house.staff.extend(ref, WHY, WORKER, NOW),
    "approve": lambda house, ref: house.staff.approve(ref, APPROVER, NOW),
    "fulfil": lambda house, ref: house.staff.fulfil(ref, WORKER, NOW),
    "partly_fulfil": lambda house, ref: house.staff.partly_fulfil(ref, in_part(*asked(house, ref)), WORKER, NOW),
    "refuse": lambda house, ref: house.staff.refuse(ref, RefusalReason.LEGALLY_EXEMPTED, "clause 1", WORKER, NOW),
    "refer": lambda house, ref: house.staff.refer(ref, "the school", WORKER, NOW),
    "link_duplicate": lambda house, ref: house.staff.link_duplicate(ref, "KLS-7F3K-92QD", WORKER, NOW),
    "reveal_contact": lambda house, ref: house.staff.reveal_contact(ref, WORKER, "a call", NOW),
}


@pytest.mark.parametrize("name", sorted(set(ACTS) - {"reveal_contact"}))
def test_on_a_closed_request_nothing_is_decided_any_more(house: House, count: Count, name: str) -> None:
    reference = house.in_progress(rights=ACCESS).reference
    house.service.withdraw(reference, CHAT, NOW)
    before = house.row(reference), count("audit"), count("outbox")
    with pytest.raises(TicketError):
        ACTS[name](house, reference)
    assert (house.row(reference), count("audit"), count("outbox")) == before


@pytest.mark.parametrize("name", sorted(ACTS))
def test_a_request_that_is_not_there_is_said_to_be_unknown(house: House, name: str) -> None:
    with pytest.raises(UnknownRequestError):
        ACTS[name](house, "KLS-7F3K-92QD")


@pytest.mark.parametrize("actor", ["", "x" * 201, "a\0b", "staff:one@example.org"])
def test_an_actor_that_cannot_be_one_is_refused(house: House, actor: str) -> None:
    reference = house.verified().reference
    with pytest.raises(InputError):
        house.staff.start(reference, actor, NOW)


def test_a_decision_on_what_has_changed_since_it_was_seen_is_refused(house: House) -> None:
    reference = house.verified().reference
    seen = house.service.show(reference).version
    house.staff.start(reference, WORKER, NOW, seen=seen)
    with pytest.raises(MoveError, match="in the meantime"):
        house.staff.approve(reference, APPROVER, NOW, seen=seen)
    house.staff.approve(reference, APPROVER, NOW, seen=house.service.show(reference).version)


def test_looking_at_contacts_does_not_outdate_what_was_seen_but_new_proof_does(house: House) -> None:
    reference = house.file().reference
    seen = house.service.show(reference).version
    house.staff.reveal_contact(reference, CHECKER, "a call", NOW)
    house.identity.ask_reach(reference, "c2", NOW)
    assert house.service.show(reference).version == seen
    house.identity.check_code(CHAT, house.code(reference), NOW)
    with pytest.raises(MoveError, match="in the meantime"):
        house.staff.refuse(
            reference, RefusalReason.IDENTITY_VERIFICATION_FAILURE, "Art. 12(6)", CHECKER, NOW, seen=seen
        )


def test_of_two_members_of_staff_at_once_one_wins_and_one_letter_goes_out(house: House) -> None:
    def refused(reference: str, actor: str) -> bool:
        try:
            house.staff.refuse(reference, RefusalReason.PROCESS_UNFOUNDED, "clause 1", actor, NOW)
        except MoveError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        for number in range(10):
            reference = house.file("", conversation=f"c{number}").reference
            won = list(pool.map(lambda actor, ref=reference: refused(ref, actor), ("staff:1", "staff:2", "staff:3")))
            assert won.count(True) == 1 and told(house, reference, Way.WEB) == ["denied"]
            assert house.actions(reference) == ["opened", "refused"]


def test_a_letter_that_cannot_be_written_undoes_its_decision(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = house.file().reference

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tickets.outbox.post", broken)
    with pytest.raises(RuntimeError):
        house.staff.refer(reference, "the school", CHECKER, NOW)
    assert house.status(reference) is Status.UNVERIFIED and "referred" not in house.actions(reference)


@pytest.mark.parametrize(
    ("status", "reason", "words"),
    [
        (Status.RECEIVED, None, "open"),
        (Status.UNVERIFIED, None, "in_progress/need_user_verification"),
        (Status.AWAITING_CONTROLLER, None, "in_progress"),
        (Status.WITHDRAWN, None, "revoked"),
        (Status.EXPIRED_UNVERIFIED, None, "expired"),
        (Status.DENIED, RefusalReason.IDENTITY_VERIFICATION_FAILURE, "denied/insuf_verification"),
        (Status.DENIED, RefusalReason.FULFILMENT_IMPOSSIBLE, "denied/other"),
        (Status.DENIED, None, "denied/other"),
    ],
)
def test_a_status_has_its_word_in_the_data_rights_protocol(
    status: Status, reason: RefusalReason | None, words: str
) -> None:
    assert drp_status(status, reason) == words


def test_every_status_and_reason_has_a_word_in_the_protocol() -> None:
    for status in Status:
        for reason in (None, *RefusalReason):
            assert drp_status(status, reason).split("/")[0] in {
                "open",
                "in_progress",
                "fulfilled",
                "revoked",
                "denied",
                "expired",
            }
