"""The zip for a regulator: complete, checkable, the same twice, and without what it is not to hold."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import re
import stat
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import NOW
from house import APPROVER, CHECKER, FAR, WORKER, House

from pii.encryption import Vault
from tickets import audit, remarks
from tickets.dossier import dossier
from tickets.errors import InputError, UnknownRequestError
from tickets.outbox import Outbox
from tickets.retention import Keeper
from tickets.store import Store
from tickets.vocabulary import DelayReason, RefusalReason, Remark, Right

LATER = NOW + timedelta(days=5)
FILES = ["README.txt", "audit.json", "clock.json", "identity.json", "manifest.json", "messages.json", "request.json"]
ADDRESS = "one@example.org"


@pytest.fixture
def house(store: Store, vault: Vault) -> House:
    audit.use_key(store, vault)
    return House(store, FAR)


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def made(house: House, vault: Vault, reference: str, **more: Any) -> dict[str, Any]:
    files = unpacked(dossier(house.store, vault, reference, LATER, **more))
    return {name: json.loads(text) if name.endswith(".json") else text.decode() for name, text in files.items()}


def refused(house: House) -> str:
    """A deletion that was proven, worked on, extended and refused."""
    reference = house.in_progress().reference
    house.staff.extend(reference, DelayReason.COMPLEXITY_OF_PROCESS, WORKER, NOW)
    house.staff.refuse(reference, RefusalReason.LEGALLY_EXEMPTED, "GDPR Art. 17(3)(b)", WORKER, LATER)
    return reference


def say(house: House, vault: Vault, reference: str, kind: Remark, text: str, now: datetime = NOW) -> None:
    with house.store.unit() as unit:
        remarks.add(unit, vault, house.row(reference)["id"], kind, WORKER, text, now)
        unit.commit()


# What it holds


def test_it_holds_what_was_asked_what_came_of_it_and_on_what_basis(house: House, vault: Vault) -> None:
    reference = refused(house)
    found = made(house, vault, reference)
    assert sorted(found) == FILES
    asked = found["request.json"]
    assert (asked["reference"], asked["asked_for"], asked["status"]) == (reference, ["deletion"], "denied")
    assert (asked["denial_reason"], asked["denial_basis"]) == ("LegallyExempted", "GDPR Art. 17(3)(b)")
    assert asked["text"] == "please delete everything, answer to [email-1]" and asked["filed_by"] == "requester"
    assert reference in found["README.txt"] and "Contacts are masked" in found["README.txt"]


def test_the_clock_comes_with_its_working_and_what_moved_it(house: House, vault: Vault) -> None:
    reference = house.in_progress(rights=frozenset({Right.ACCESS})).reference
    house.staff.ask_requester(reference, "Which of the two accounts?", WORKER, NOW)
    house.staff.heard_requester(reference, WORKER, LATER)
    house.staff.extend(reference, DelayReason.HIGH_VOLUME_OF_PROCESSES, WORKER, LATER)
    clock = made(house, vault, reference)["clock.json"]
    row = house.row(reference)
    assert clock["answer_by"] == row["answer_by"].isoformat() and clock["working"] == json.loads(row["working"])
    assert clock["extension_reason"] == "HighVolumeOfProcesses" and clock["answer_by_is"] == "law"
    assert clock["questions_to_the_requester"] == [
        {"asked": "2026-01-31T12:00:00+00:00", "answered": "2026-02-05T12:00:00+00:00"}
    ]


def test_the_evidence_names_who_saw_what_and_when(house: House, vault: Vault) -> None:
    found = made(house, vault, house.verified().reference)["identity.json"]
    kinds = {one["kind"]: one["by"] for one in found["evidence"]}
    assert kinds == {"mailbox_control": "requester", "staff_record_match": CHECKER}
    assert found["verified"] and found["held_until"] and "agrees with our records" in found["in_words"]


def test_what_was_said_is_in_it_but_no_note_among_staff(house: House, vault: Vault) -> None:
    reference = refused(house)
    say(house, vault, reference, Remark.REPLY, "We looked into both accounts.")
    say(house, vault, reference, Remark.ANSWER, "It is the older one.", NOW + timedelta(hours=1))
    say(house, vault, reference, Remark.NOTE, "canary: smells like a competitor")
    found = made(house, vault, reference)
    assert [(one["kind"], one["text"]) for one in found["messages.json"]["said"]] == [
        ("reply", "We looked into both accounts."),
        ("answer", "It is the older one."),
    ]
    assert found["messages.json"]["notes_among_staff_left_out"] == 1 and "canary" not in str(found)
    kinds = [letter["kind"] for letter in found["messages.json"]["letters"]]
    assert {"code", "verified", "extended", "denied"} <= set(kinds)


def test_a_mail_that_was_sent_is_listed_though_its_text_is_gone(house: House, vault: Vault, store: Store) -> None:
    reference = house.file().reference
    outbox = Outbox(store, vault)
    for parcel in outbox.lease(NOW):
        outbox.delivered(parcel, NOW)
    (letter,) = made(house, vault, reference)["messages.json"]["letters"]
    assert letter["status"] == "sent" and letter["text"] is None and "not kept" in letter["why_no_text"]


# What it does not hold


def test_contacts_are_masked_everywhere(house: House, vault: Vault) -> None:
    reference = refused(house)
    say(house, vault, reference, Remark.REPLY, f"We wrote to {ADDRESS} and called +44 20 7946 0123.")
    found = made(house, vault, reference)
    assert ADDRESS not in str(found) and "7946" not in str(found)
    assert found["request.json"]["contacts"] == [{"kind": "email", "value": "o…@example.org", "is_account": True}]


def test_neither_codes_nor_links_that_stop_it_nor_the_conversation_are_in_it(house: House, vault: Vault) -> None:
    reference = house.verified(conversation="canary-conversation").reference
    secrets = [parcel.text.reveal() for parcel in house.letters(reference)]
    tokens = {token for text in secrets for token in re.findall(r"/stop/(\S+)", text)}
    codes = {code for text in secrets for code in re.findall(r"^ {4}(\w{4}-\w{4})$", text, re.MULTILINE)}
    assert tokens and codes  # the control: they are there to be left out
    shown = str(made(house, vault, reference, revealed=True, actor=APPROVER, reason="asked by the authority"))
    assert not [secret for secret in tokens | codes if secret in shown]
    assert "canary-conversation" not in shown and "[link to stop the request]" in shown


def test_other_requests_of_the_same_person_are_not_in_it(house: House, vault: Vault) -> None:
    first = house.file(conversation="c1").reference
    second = house.file(conversation="c2", idempotency_key="key-2").reference
    assert second not in str(made(house, vault, first))


# Revealing


def test_revealed_contacts_are_in_the_trail_with_the_reason_before_they_are_in_the_zip(
    house: House, vault: Vault
) -> None:
    reference = refused(house)
    version = house.row(reference)["row_version"]
    found = made(house, vault, reference, revealed=True, actor=APPROVER, reason="asked by the authority")
    assert house.row(reference)["row_version"] == version  # what others have on their screens stays true
    assert found["request.json"]["contacts"][0]["value"] == ADDRESS and "shown in full" in found["README.txt"]
    last = found["audit.json"]["entries"][-2:]
    assert [(one["action"], one["actor"], one["detail"]) for one in last] == [
        ("contact_revealed", APPROVER, {"reason": "asked by the authority"}),
        ("dossier_made", APPROVER, {"reason": "asked by the authority"}),
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"revealed": True},
        {"revealed": True, "actor": APPROVER},
        {"revealed": True, "reason": "asked by the authority"},
        {"actor": APPROVER},
        {"actor": APPROVER, "reason": "for one@example.org"},
    ],
)
def test_without_somebody_and_a_reason_nothing_is_revealed_or_written(
    house: House, vault: Vault, more: dict[str, Any]
) -> None:
    reference = house.file().reference
    before = house.actions(reference)
    with pytest.raises(InputError):
        dossier(house.store, vault, reference, LATER, **more)
    assert house.actions(reference) == before


def test_of_an_unknown_request_there_is_none(house: House, vault: Vault) -> None:
    for reference in ("KLS-7F3K-92QD", "", "nonsense"):
        with pytest.raises(UnknownRequestError):
            dossier(house.store, vault, reference, LATER)


# Checking it


def test_the_manifest_lists_every_other_file_with_its_hash(house: House, vault: Vault) -> None:
    reference = refused(house)
    files = unpacked(dossier(house.store, vault, reference, LATER))
    manifest = json.loads(files["manifest.json"])
    assert manifest["reference"] == reference
    assert {one["file"]: one["sha256"] for one in manifest["files"]} == {
        name: hashlib.sha256(text).hexdigest() for name, text in files.items() if name != "manifest.json"
    }
    assert all(one["bytes"] == len(files[one["file"]]) for one in manifest["files"])


def test_the_same_state_gives_the_same_bytes(house: House, vault: Vault) -> None:
    reference = refused(house)
    first = dossier(house.store, vault, reference, LATER)
    assert dossier(house.store, vault, reference.lower().replace("-", " "), LATER) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {stat.S_IMODE(entry.external_attr >> 16) for entry in archive.infolist()} == {0o600}


def keyed(key: bytes, text: str) -> str:
    """As the README says."""
    return "h1:" + base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).decode().rstrip("=")


def test_each_entry_can_be_checked_as_the_readme_says(house: House, vault: Vault) -> None:
    found = made(house, vault, refused(house))["audit.json"]
    key = house.store.audit_key
    assert key is not None and len(found["entries"]) >= 6
    for entry in found["entries"]:
        assert keyed(key, entry["hashed_text"]) == entry["hash"]
        told = json.loads(entry["hashed_text"])
        assert [entry[name] for name in ("sequence", "request_id", "actor", "action")] == told[:4]
        assert json.loads(told[6]) == entry["detail"] and entry["previous"] == told[7]
    assert found["trail"]["intact"] and found["trail"]["entries"] == found["entries"][-1]["sequence"]


def test_an_entry_without_a_key_is_plain_sha_256(store: Store, vault: Vault) -> None:
    house = House(store, FAR)
    for entry in made(house, vault, house.file().reference)["audit.json"]["entries"]:
        assert hashlib.sha256(entry["hashed_text"].encode()).hexdigest() == entry["hash"]


def test_a_trail_that_was_tampered_with_is_said_to_be(house: House, vault: Vault) -> None:
    reference = refused(house)
    house.store.audit_key = b"another key" * 3
    found = made(house, vault, reference)
    assert not found["audit.json"]["trail"]["intact"] and "NOT intact" in found["README.txt"]


def test_of_a_request_whose_person_was_taken_out_the_record_is_left(house: House, vault: Vault) -> None:
    reference = refused(house)
    Keeper(house.store, vault).forget("conversation-1", LATER)
    found = made(house, vault, reference)
    asked = found["request.json"]
    assert (asked["text"], asked["contacts"], asked["filed_by"]) == ("", [], "requester")
    assert asked["person_taken_out"] and asked["denial_basis"] == "GDPR Art. 17(3)(b)"
    assert "erased:" not in str(found)
