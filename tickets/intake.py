"""What is looked at before a request is filed: whether it can be, and whether its key came with the same content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime

from pii.encryption import Vault
from pii.masking import mask
from tickets import gate
from tickets.contacts import MOST_OF_A_REQUEST, KnownContact
from tickets.errors import InputError, KeyReusedError
from tickets.model import OpenRequest, Receipt
from tickets.tables import MAX_NAME, MAX_TEXT
from tickets.vocabulary import Channel, EvidenceKind

REQUESTER = "requester"


def needs_no_proof(wish: OpenRequest) -> bool:
    """Whether none of the rights needs any evidence."""
    return gate.signals_needed(wish.rights) == 0


def replayed(known: tuple[str, str, Receipt], fingerprint: str) -> tuple[str, Receipt]:
    """The request and the receipt of an earlier filing. Raises KeyReusedError if its content was another."""
    before, request_id, receipt = known
    if before != fingerprint:
        raise KeyReusedError("this key was used for another request: a new filing needs a new key")
    return request_id, receipt


def fingerprint(vault: Vault, wish: OpenRequest, contacts: Iterable[KnownContact]) -> str:
    """Equal for equal content. The key is left out, and contacts count as what they are, not as their handles."""
    given = sorted(f"{one.kind.value}:{vault.ledger_hash(one.value.reveal(), 'fingerprint')}" for one in contacts)
    fields: list[object] = [
        wish.policy,
        wish.policy_version,
        sorted(right.value for right in wish.rights),
        wish.channel.value,
        wish.conversation,
        wish.text,
        sorted(regime.value for regime in wish.regimes),
        wish.country,
        wish.filer,
    ]
    newer = [given, wish.referred_to, sorted(kind.value for kind in wish.evidence)]
    if any(newer):  # a filing without them has the fingerprint that the first release gave it
        fields += newer
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def check(wish: OpenRequest, now: datetime) -> None:
    """Raise InputError for what cannot be filed."""
    check_time(now)
    names = {
        "policy": wish.policy,
        "policy version": wish.policy_version,
        "conversation": wish.conversation,
        "idempotency key": wish.idempotency_key,
    }
    for name, value in names.items():
        if not 0 < len(value) <= MAX_NAME:
            raise InputError(f"the {name} must have 1 to {MAX_NAME} characters")
        if "\0" in value:
            raise InputError(f"the {name} holds a NUL character, which a database refuses")
    if not wish.rights:
        raise InputError("a request needs at least one right")
    if wish.channel is Channel.STAFF and not wish.filer:
        raise InputError("a request entered by staff names the member of staff as its filer")
    if len(wish.contacts) + len(wish.mentioned) > MOST_OF_A_REQUEST:
        raise InputError(f"a request has at most {MOST_OF_A_REQUEST} contacts")
    if wish.evidence - {EvidenceKind.LOGIN_TOKEN}:
        raise InputError("a front can vouch for a login and for nothing else")
    _check_filer(wish)
    _check_text(wish.text)


def _check_filer(wish: OpenRequest) -> None:
    # The default filer, "requester:" and the conversation, must fit the column as well.
    longest = MAX_NAME - len(REQUESTER) - 1
    if len(wish.conversation) > longest or len(wish.filer) > MAX_NAME or "\0" in wish.filer:
        raise InputError(f"a conversation has at most {longest} characters, a filer {MAX_NAME}, neither a NUL")
    if len(wish.referred_to) > MAX_NAME or "\0" in wish.referred_to or mask(wish.referred_to).found:
        raise InputError(f"the other party has at most {MAX_NAME} characters, no NUL and no contact data")


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise InputError(f"the text must have at most {MAX_TEXT:,} characters")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InputError("the text holds a character that a database refuses (NUL or half a surrogate pair)")
    if mask(text).found:
        raise InputError("the text still holds an e-mail address or a phone number: mask it first")


def check_name(what: str, value: str) -> None:
    """Raise InputError unless a text of staff is short and holds no contact: it stays readable, also in the trail."""
    if not 0 < len(value.strip()) <= len(value) <= MAX_NAME or "\0" in value:
        raise InputError(f"the {what} must have 1 to {MAX_NAME} characters and no NUL")
    if any("\ud800" <= char <= "\udfff" for char in value) or mask(value).found:
        raise InputError(f"the {what} holds an e-mail address, a phone number or half a character: leave it out")


def check_time(now: datetime) -> None:
    """Raise InputError for a time without zone."""
    if now.tzinfo is None:
        raise InputError("the time has no zone: pass an aware datetime in UTC")
