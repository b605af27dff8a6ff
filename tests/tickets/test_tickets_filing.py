"""Filing with contacts, evidence, another party, and what follows: a code, staff, nothing, or later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW, service_on, wish
from house import FAR, House, at, rights

from pii.encryption import Vault
from pii.masking import mask
from tickets.errors import InputError, KeyReusedError
from tickets.model import Proof, Receipt
from tickets.office import USUAL_LIMITS
from tickets.store import Store
from tickets.vocabulary import NO_PROOF, Channel, EvidenceKind, Regime, Right, Status, Way

Count = Callable[[str], int]
LOGIN = frozenset({EvidenceKind.LOGIN_TOKEN})


@pytest.fixture
def house(store: Store) -> House:
    return House(store)


def test_an_address_gets_a_code_and_the_request_waits_for_it(house: House, count: Count) -> None:
    receipt = house.file("two@Example.org +44 20 7946 0123")
    assert (receipt.status, receipt.proof, receipt.sent_to) == (Status.UNVERIFIED, Proof.CODE_SENT, "t…@example.org")
    (letter,) = house.letters()
    assert letter.way is Way.MAIL and letter.recipient.reveal() == "two@example.org"
    text = " ".join(letter.text.reveal().split())
    for part in ("deletion", receipt.reference, "the chat on the web", "31 January 2026, 12:00 UTC", "stop it"):
        assert part in text
    assert [count(t) for t in ("request_contacts", "challenges", "stop_links", "outbox", "evidence")] == [2, 1, 1, 1, 0]
    assert house.actions(receipt.reference) == ["opened", "code_sent"]
    row = house.row(receipt.reference)
    assert row["proof_asked_at"] == NOW and row["verified_at"] is None
    assert house.service.verify_audit().intact


def test_with_a_phone_number_alone_staff_check(house: House, count: Count) -> None:
    receipt = house.file("+44 20 7946 0123")
    assert (receipt.status, receipt.proof, receipt.sent_to) == (Status.RECEIVED, Proof.BY_STAFF, "")
    assert [count(t) for t in ("request_contacts", "challenges", "outbox")] == [1, 0, 0]


@pytest.mark.parametrize("address", ["one@localhost", "one@bücher.example"])
def test_an_address_that_cannot_be_mailed_to_is_left_to_staff(house: House, address: str) -> None:
    assert house.file(address).proof is Proof.BY_STAFF


@pytest.mark.parametrize("right", sorted(NO_PROOF))
def test_what_needs_no_proof_can_be_worked_on_at_once(house: House, right: Right) -> None:
    receipt = house.file(rights=rights(right))
    assert (receipt.status, receipt.proof) == (Status.VERIFIED, Proof.NOT_NEEDED)
    details = house.service.show(receipt.reference)
    assert details.evidence == (EvidenceKind.NOT_REQUIRED,) and details.verified_at == NOW
    assert [line.action for line in details.history] == ["opened", "verified"] and house.letters() == []


def test_one_right_that_needs_proof_makes_the_whole_request_need_it(house: House) -> None:
    receipt = house.file(rights=rights(Right.MARKETING_OPT_OUT, Right.OBJECTION))
    assert receipt.proof is Proof.CODE_SENT and house.service.show(receipt.reference).evidence == ()


def test_a_login_settles_what_needs_one_signal_and_is_half_of_two(house: House) -> None:
    one = house.file(rights=rights(Right.OBJECTION), evidence=LOGIN)
    assert (one.status, one.proof) == (Status.VERIFIED, Proof.NOT_NEEDED)
    two = house.file(rights=rights(Right.ACCESS), evidence=LOGIN, idempotency_key="2")
    assert (two.status, two.proof) == (Status.UNVERIFIED, Proof.CODE_SENT)
    house.identity.check_code("conversation-1", house.code(two.reference), NOW)
    assert house.status(two.reference) is Status.VERIFIED


@pytest.mark.parametrize("kind", sorted(set(EvidenceKind) - LOGIN))
def test_a_front_cannot_vouch_for_anything_but_a_login(house: House, count: Count, kind: EvidenceKind) -> None:
    with pytest.raises(InputError):
        house.file(evidence=frozenset({kind}))
    assert count("requests") == 0


def test_a_referral_is_logged_closed_and_keeps_no_contact(house: House, count: Count) -> None:
    receipt = house.file(referred_to="the school")
    assert (receipt.status, receipt.proof, receipt.created) == (Status.REFERRED, Proof.NOT_NEEDED, True)
    row = house.row(receipt.reference)
    assert row["closed_at"] == NOW and row["referred_to"] == "the school" and row["verified_at"] is None
    assert [count(t) for t in ("request_contacts", "challenges", "outbox", "evidence")] == [0, 0, 0, 0]
    assert house.actions(receipt.reference) == ["opened", "referred"] and house.service.verify_audit().intact


def test_a_referral_is_filed_beside_an_open_request(house: House) -> None:
    first = house.file()
    again = house.file(referred_to="the school", idempotency_key="2")
    assert again.created and again.reference != first.reference and house.status(first.reference) is Status.UNVERIFIED


@pytest.mark.parametrize("party", ["x" * 201, "a\0b", "write to two@example.org"])
def test_another_party_that_cannot_be_named_so_is_refused(house: House, party: str) -> None:
    with pytest.raises(InputError):
        house.file(referred_to=party)


def test_somebody_elses_handle_files_nothing(house: House, count: Count) -> None:
    foreign = house.box.keep("conversation-2", mask("two@example.org").found, NOW)
    for handles in (tuple(foreign.values()), ("0" * 32,), ("x" * 11,) * 11):
        with pytest.raises(InputError):
            house.service.open_request(wish(contacts=handles), NOW)
    assert count("requests") == count("idempotency_keys") == 0


def test_a_replay_gives_the_same_receipt_and_sends_nothing_again(house: House, count: Count) -> None:
    receipt = house.file()
    assert house.file(now=at(hours=1)) == receipt  # the same contact under another handle
    assert receipt.sent_to and [count(t) for t in ("requests", "outbox", "challenges")] == [1, 1, 1]
    house.service.withdraw(receipt.reference, "conversation-1", at(hours=2))
    assert house.file(now=at(hours=3)) == receipt


@pytest.mark.parametrize(
    "changed",
    [{"contact": "two@example.org"}, {"contact": ""}, {"evidence": LOGIN}, {"referred_to": "the school"}],
    ids=str,
)
def test_the_same_key_with_another_contact_evidence_or_party_is_refused(house: House, changed: Any) -> None:
    house.file()
    with pytest.raises(KeyReusedError):
        house.file(**changed)


def test_the_hint_is_never_stored(house: House, store: Store) -> None:
    receipt = house.file("kilo@mail.example.org")
    with store.reading() as unit:
        kept = str(unit.execute(sa.text("SELECT receipt FROM idempotency_keys")).scalar())
    assert "…" not in kept and "mail.example" not in kept and Receipt.from_json(receipt.to_json()).sent_to == ""


def test_a_receipt_of_the_first_release_can_still_be_replayed() -> None:
    old = {key: value for key, value in receipt_of_first_release().to_json().items() if key != "proof"}
    assert Receipt.from_json(old).proof is Proof.BY_STAFF


def receipt_of_first_release() -> Receipt:
    from tickets.clocks import due

    clock = due({Regime.GDPR}, {Right.ACCESS}, NOW)
    return Receipt("KLS-7F3K-92QD", (Right.ACCESS,), NOW, Status.RECEIVED, clock, created=True)


def test_a_filing_without_new_fields_keeps_the_fingerprint_of_the_first_release(vault: Vault) -> None:
    from tickets.intake import fingerprint

    assert fingerprint(vault, wish(), ()) == "cc911e47c1bc3bcab0d5c446f069e26f2f71efd71d13b6f77bfb8128b2b40498"


def test_country_and_aim_stay_as_they_were_at_filing(store: Store) -> None:
    house = House(store)
    house.service = service_on(store, target_days=14)
    row = house.row(house.file(country="DE", regimes=frozenset()).reference)
    assert (row["country"], row["target_days"], row["answer_by"]) == ("DE", 14, date(2026, 2, 14))


# Where it stands when it is asked for again


def test_an_open_request_is_given_back_with_where_its_proof_stands(house: House) -> None:
    first = house.file()
    again = house.file(idempotency_key="2", now=at(hours=0.1))
    assert (again.created, again.proof, again.sent_to) == (False, Proof.CODE_SENT, first.sent_to)
    assert house.file(idempotency_key="3", now=at(hours=1)).proof is Proof.LATER  # run out: another can be asked for
    house.identity.send_again("conversation-1", at(hours=2))
    house.identity.check_code("conversation-1", house.code(first.reference), at(hours=2))
    assert house.file(idempotency_key="4", now=at(hours=2)).proof is Proof.BY_STAFF
    house.staff.verify(first.reference, EvidenceKind.STAFF_RECORD_MATCH, "staff:1", at(hours=3))
    assert house.file(idempotency_key="5", now=at(hours=3)).proof is Proof.NOT_NEEDED


# How many mails


def test_an_address_gets_three_mails_a_day_however_it_is_spelt(house: House, count: Count) -> None:
    spellings = ["one@example.org", "ONE@example.org", "o.n.e@example.org", "one+4@example.org", "One+5@EXAMPLE.org"]
    proofs = [house.file(one, conversation=f"c{number}").proof for number, one in enumerate(spellings)]
    assert proofs == [Proof.CODE_SENT] * 3 + [Proof.LATER] * 2
    assert count("requests") == 5 and len(house.letters()) == 3
    assert house.status(house.service.status_of("c4")[0].reference) is Status.RECEIVED
    assert house.file(conversation="c9", now=at(days=1)).proof is Proof.CODE_SENT


def test_a_conversation_causes_twenty_mails_a_day(house: House) -> None:
    def filed(number: int) -> Proof:
        one = {"conversation": "c", "policy": f"policy{number}", "idempotency_key": str(number)}
        return house.file(f"box{number}@example.org", **one).proof

    assert [filed(number) for number in range(22)] == [Proof.CODE_SENT] * 20 + [Proof.LATER] * 2


def test_all_together_cause_no_more_than_the_cap(store: Store) -> None:
    house = House(store, replace(USUAL_LIMITS, mails_in_all=4))
    proofs = [house.file(f"box{n}@example.org", conversation=f"c{n}").proof for n in range(6)]
    assert proofs == [Proof.CODE_SENT] * 4 + [Proof.LATER] * 2


def test_what_another_budget_refused_is_not_taken_from_an_address(store: Store) -> None:
    full = House(store, replace(USUAL_LIMITS, mails_in_all=0))
    assert [full.file(conversation=f"c{n}").proof for n in range(5)] == [Proof.LATER] * 5
    house = House(store)
    assert [house.file(conversation=f"d{n}").proof for n in range(4)].count(Proof.CODE_SENT) == 3


def test_many_requests_for_few_addresses_send_three_mails_each(store: Store) -> None:
    house = House(store, replace(FAR, mails_to_address=3))
    for number in range(40):
        house.file(f"box{number % 5}@example.org", conversation=f"c{number}")
    sent = [letter.recipient.reveal() for letter in house.letters()]
    assert len(sent) == 15 and {sent.count(one) for one in sent} == {3}


# What staff see


def test_the_same_contact_elsewhere_is_shown_to_staff_and_to_nobody_else(house: House) -> None:
    first = house.file()
    second = house.file(conversation="conversation-2", contact="one@EXAMPLE.org")
    house.file(conversation="conversation-3", contact="ONE@example.org")
    house.file(conversation="conversation-4", policy="klantra")
    assert second.created and second.proof is Proof.CODE_SENT and second.missing == ()
    assert first.reference not in str(second) and first.reference not in str(house.service.status_of("conversation-2"))
    assert house.service.show(first.reference).possible_duplicates == (second.reference,)
    assert house.service.show(second.reference).possible_duplicates == (first.reference,)


def test_staff_see_contacts_masked(house: House) -> None:
    details = house.service.show(house.file("kilo@example.org +44 20 7946 0123").reference)
    assert [one.hint for one in details.contacts] == ["k…@example.org", "…23"]
    assert "kilo" not in str(details.to_json()) and "7946" not in str(details)
    assert details.identity == "nothing shown yet; account not yet checked"


def test_who_wrote_to_staff_hears_by_mail_and_needs_no_code(house: House) -> None:
    receipt = house.file(channel=Channel.STAFF, filer="staff:9")
    assert (receipt.status, receipt.proof) == (Status.RECEIVED, Proof.BY_STAFF)
    (letter,) = house.letters(receipt.reference)
    assert (letter.way, letter.kind) == (Way.MAIL, "received")
    assert house.identity.send_again("conversation-1", NOW).outcome.value == "none"


def test_contacts_lie_sealed_in_the_file(house: House, store: Store, tmp_path: Any) -> None:
    house.verified(contact="kilocanary@example.org +44 20 7946 0123")
    if store.is_sqlite:
        held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
        assert b"conversation-1" in held and b"kilocanary" not in held and b"79460123" not in held


def test_a_handle_older_than_the_request_can_be_used_for_the_rest_as_well(house: House, count: Count) -> None:
    handles = tuple(house.box.keep("conversation-1", mask("one@example.org").found, NOW).values())
    house.service.open_request(wish(contacts=handles), NOW)
    house.service.open_request(wish(contacts=handles, rights=rights(Right.ACCESS), idempotency_key="2"), NOW)
    assert count("request_contacts") == 2


def test_a_contact_that_is_named_twice_is_kept_once(house: House, count: Count) -> None:
    box = house.box
    one = box.keep("conversation-1", mask("one@example.org").found, NOW)
    two = box.keep("conversation-1", mask("one@EXAMPLE.org").found, NOW)
    house.service.open_request(wish(contacts=(*one.values(), *two.values())), NOW)
    assert count("request_contacts") == 1
