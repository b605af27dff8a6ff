"""E-mail addresses and phone numbers: held for a conversation, copied to a request, compared, hinted at.

The canonical form of an address is: its domain with A-Z in lower case, all else exactly as typed. The part before the
"@" is left alone, because only its server knows whether case matters there, and nothing is normalised (NFKC, IDN,
dots, "+tags"), because every such folding makes somebody's look-alike equal to somebody else's address. So two
spellings of one mailbox may count as two contacts; never the other way round. A phone number's canonical form is its
digits, with "+" in front if it was typed with "+" or "00".
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Sealed, Vault
from pii.masking import Contact as FoundContact
from pii.redacted import Redacted
from tickets.errors import ContactGoneError, InputError
from tickets.store import Store, Unit
from tickets.tables import MAX_NAME
from tickets.tables_proof import held_contacts, request_contacts
from tickets.vocabulary import ContactKind

CONTACT_INDEX = "request_contacts.look_up"
"""The name of the blind index: equal contacts of two requests are found by it."""

MOST_OF_A_REQUEST = 10
_MOST_HELD = 50  # of one conversation; older ones make room
_LONGEST_VALUE = 320
_SHOWN_DIGITS = 2
_NATIONAL_ZERO = re.compile(r"\(0\)")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_MAILABLE = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+[a-z][a-z0-9-]{{0,61}}[a-z0-9]")
_UPPER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True)
class KnownContact:
    """A contact in its canonical form."""

    kind: ContactKind
    value: Redacted
    is_account: bool = True  # False: only mentioned in what the person wrote

    @property
    def is_mailable(self) -> bool:
        """Whether a mail can be sent there: plain ASCII, a whole domain, no quoting."""
        return self.kind is ContactKind.EMAIL and is_mailable(self.value)


class ContactBox:
    """Keeps what intake took out of a message until a request is filed with it."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def keep(self, conversation: str, found: Iterable[FoundContact], now: datetime) -> dict[str, str]:
        """Keep contacts for a conversation; gives each placeholder's handle. One transaction.

        What is too long to be a contact gets no handle. Raises InputError for a conversation that cannot be one.
        """
        contacts = [contact for contact in found if _is_keepable(contact.value.reveal())]
        if not 0 < len(conversation) <= MAX_NAME or "\0" in conversation:
            raise InputError(f"a conversation has 1 to {MAX_NAME} characters and no NUL")
        if not contacts:
            return {}
        handles = {contact.placeholder: secrets.token_hex(16) for contact in contacts}
        with self._store.unit() as unit:
            for contact in contacts:
                self._hold(unit, conversation, contact, handles[contact.placeholder], now)
            _make_room(unit, conversation)
            unit.commit()
        return handles

    def _hold(self, unit: Unit, conversation: str, contact: FoundContact, handle: str, now: datetime) -> None:
        kind = ContactKind(contact.kind.value)
        sealed = self._vault.seal(canonical(kind, contact.value), f"held_contacts.sealed:{handle}")
        values = {
            "id": handle,
            "conversation": conversation,
            "kind": kind.value,
            "sealed": sealed.data,
            "key_id": sealed.key,
            "at": now,
        }
        unit.execute(sa.insert(held_contacts).values(**values))


def _make_room(unit: Unit, conversation: str) -> None:
    own = sa.select(held_contacts.c.id).where(held_contacts.c.conversation == conversation)
    newest = unit.execute(own.order_by(held_contacts.c.at.desc(), held_contacts.c.id).offset(_MOST_HELD)).scalars()
    unit.execute(sa.delete(held_contacts).where(held_contacts.c.id.in_(newest.all())))


def _is_keepable(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_VALUE and not any("\ud800" <= char <= "\udfff" or char == "\0" for char in text)


def canonical(kind: ContactKind, value: Redacted) -> Redacted:
    """The one form in which a contact is kept and compared."""
    text = value.reveal().strip()
    if kind is ContactKind.PHONE:
        return Redacted(_canonical_phone(text))
    local, sign, domain = text.rpartition("@")
    return Redacted(f"{local}{sign}{domain.translate(_UPPER)}")


def _canonical_phone(text: str) -> str:
    # Digits of other scripts are the same digits, unlike letters that only look alike.
    plain = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
    international = plain.startswith("+") or plain.lstrip("( ").startswith("00")
    digits = "".join(char for char in _NATIONAL_ZERO.sub("", plain) if char.isdecimal())
    return f"+{digits.removeprefix('00')}" if international else digits


def mailbox(value: Redacted) -> str:
    """A deliberately coarse form for counting mails: spellings that may reach one mailbox share one budget."""
    local, _, domain = value.reveal().casefold().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def is_mailable(value: Redacted) -> bool:
    """Whether an address in canonical form can be mailed to as it is."""
    text = value.reveal()
    local = text.partition("@")[0]
    return bool(_MAILABLE.fullmatch(text)) and ".." not in local and not local.startswith(".") and local[-1:] != "."


def hint(kind: ContactKind, value: Redacted) -> str:
    """What may be said back in a chat: "k…@example.org", "…23"."""
    text = value.reveal()
    if kind is ContactKind.PHONE:
        return f"…{text[-_SHOWN_DIGITS:]}"
    local, _, domain = text.rpartition("@")
    return f"{local[:1]}…@{domain}"


def held(unit: Unit, vault: Vault, conversation: str, handles: Sequence[str]) -> tuple[KnownContact, ...]:
    """The contacts behind a conversation's own handles, each once. Raises InputError for any other handle."""
    if not handles:
        return ()
    own = (held_contacts.c.id.in_(list(handles)), held_contacts.c.conversation == conversation)
    rows = {row["id"]: row for row in unit.execute(sa.select(held_contacts).where(*own)).mappings()}
    if set(handles) - set(rows):
        raise ContactGoneError("a contact of this request is not held here: it has to be given again")
    contacts = []
    for handle in handles:
        row = rows[handle]
        value = vault.open(Sealed(row["key_id"], row["sealed"]), f"held_contacts.sealed:{handle}")
        contacts.append(KnownContact(ContactKind(row["kind"]), value))
    return tuple(dict.fromkeys(contacts))


def attach(unit: Unit, vault: Vault, request_id: str, contacts: Sequence[KnownContact]) -> None:
    """Copy contacts to a request, each sealed for its own row and found by its blind index."""
    # The ids keep the order in which the contacts were given: the first address is the one that is written to.
    ids = sorted(secrets.token_hex(16) for _ in contacts)
    for row_id, contact in zip(ids, contacts, strict=True):
        sealed = vault.seal(contact.value, f"request_contacts.sealed:{row_id}")
        values = {
            "id": row_id,
            "request_id": request_id,
            "kind": contact.kind.value,
            "sealed": sealed.data,
            "key_id": sealed.key,
            "look_up": vault.look_up(contact.value, CONTACT_INDEX),
            "is_account": contact.is_account,
        }
        unit.execute(sa.insert(request_contacts).values(**values))


def of_request(unit: Unit, vault: Vault, request_id: str) -> tuple[KnownContact, ...]:
    """A request's contacts, in the order given."""
    own = sa.select(request_contacts).where(request_contacts.c.request_id == request_id)
    rows = unit.execute(own.order_by(request_contacts.c.id)).mappings().all()
    return tuple(
        KnownContact(
            ContactKind(row["kind"]),
            vault.open(Sealed(row["key_id"], row["sealed"]), f"request_contacts.sealed:{row['id']}"),
            row["is_account"],
        )
        for row in rows
    )


def address_of(contacts: Iterable[KnownContact]) -> KnownContact | None:
    """The first address among the account's contacts that a mail can be sent to."""
    return next((contact for contact in contacts if contact.is_account and contact.is_mailable), None)


def requests_with(unit: Unit, vault: Vault, contacts: Collection[KnownContact]) -> frozenset[str]:
    """The ids of all requests that have one of these contacts, also while keys are being changed."""
    indexes = [index for contact in contacts for index in vault.look_ups(contact.value, CONTACT_INDEX)]
    found = sa.select(request_contacts.c.request_id).where(request_contacts.c.look_up.in_(indexes))
    return frozenset(unit.execute(found).scalars())
