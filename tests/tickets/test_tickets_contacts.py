"""How contacts are kept, compared and hinted at."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from conftest import NOW
from house import at

from pii.encryption import EncryptionError, Vault
from pii.masking import mask
from pii.redacted import Redacted
from tickets import contacts
from tickets.contacts import ContactBox, KnownContact, canonical, hint, is_mailable, mailbox
from tickets.errors import InputError
from tickets.store import Store
from tickets.tables_proof import held_contacts
from tickets.vocabulary import ContactKind

Count = Callable[[str], int]
EMAIL, PHONE = ContactKind.EMAIL, ContactKind.PHONE
ADDRESSES = [
    f"{name}{number}@{domain}"
    for number in range(5)
    for name in ("ann.box", "kim", "info", "o_o", "abc")
    for domain in ("example.org", "mail.example.org")
]
LOOK_ALIKES = {
    "a": "аɑａ",
    "o": "οо0ｏ",
    "i": "іıｉ1",
    "e": "еｅ",
    "c": "сϲ",
    "x": "х×",
    "m": "ｍ",
    ".": "．。",
    "@": "＠﹫",
}


def variants(address: str) -> set[str]:
    """Spellings that a reader or a normaliser could take for that address."""
    local, domain = address.split("@")
    found = {
        *(address.replace(letter, other, 1) for letter, others in LOOK_ALIKES.items() for other in others),
        *(address[::-1].replace(letter, other, 1)[::-1] for letter, others in LOOK_ALIKES.items() for other in others),
        *(f"{local}{tail}@{domain}" for tail in ("+x", ".", "\u200b", "\u0301", " ", '"')),
        *(f"{head}{local}@{domain}" for head in (".", "x+", "\u200b", '"', "%40")),
        *(
            f"{local}@{other}"
            for other in (f"{domain}.", f"{domain}.example.net", f"x.{domain}", domain[:-1], f"{domain}\u200b")
        ),
        *(
            f"{spelt}@{domain}"
            for spelt in (local.upper(), local.capitalize(), local.replace(".", "") + "_", local[:-1])
        ),
        f"{address}@example.net",
        f"xn--{local}@{domain}",
    }
    return found - {address}


def test_look_alikes_of_an_address_match_none_on_file(store: Store, vault: Vault) -> None:
    on_file = {vault.look_up(canonical(EMAIL, Redacted(one)), contacts.CONTACT_INDEX) for one in ADDRESSES}
    tried = {spelt for one in ADDRESSES for spelt in variants(one)} - set(ADDRESSES)
    assert len(ADDRESSES) == len(on_file) == 50 and len(tried) >= 2_000
    matched = [s for s in tried if vault.look_up(canonical(EMAIL, Redacted(s)), contacts.CONTACT_INDEX) in on_file]
    assert matched == []


@pytest.mark.parametrize("typed", ["kim@EXAMPLE.org", "kim@Example.ORG", " kim@example.org "])
def test_only_the_case_of_the_domain_and_blanks_around_do_not_count(typed: str) -> None:
    assert canonical(EMAIL, Redacted(typed)) == Redacted("kim@example.org")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+44 20 7946 0123", "+442079460123"),
        ("+44 (0)20 7946-0123", "+442079460123"),
        ("0044 20 7946 0123", "+442079460123"),
        ("(0044) 20 7946 0123", "+442079460123"),
        ("020 7946 0123", "02079460123"),
        ("+٤٤ 20 7946 0123", "+442079460123"),
    ],
)
def test_a_phone_number_is_its_digits(typed: str, kept: str) -> None:
    assert canonical(PHONE, Redacted(typed)) == Redacted(kept)


@pytest.mark.parametrize("typed", ["k.i.m+news@example.org", "KIM@example.org", "kim+1@Example.org"])
def test_spellings_that_may_reach_one_mailbox_share_its_budget(typed: str) -> None:
    assert mailbox(canonical(EMAIL, Redacted(typed))) == "kim@example.org"


@pytest.mark.parametrize(
    ("address", "mailable"),
    [
        ("kim@example.org", True),
        ("o'neil+x=y@mail.example.org", True),
        ("kim@xn--bcher-kva.example", True),
        ("kim@example", False),
        ("kim@[192.0.2.1]", False),
        ("kim@bücher.example", False),
        ("kіm@example.org", False),
        ('"k m"@example.org', False),
        (".kim@example.org", False),
        ("ki..m@example.org", False),
        ("kim@example.org.", False),
        ("kim@-x.example.org", False),
        ("kim@example.org\r\nbcc: x@example.org", False),
        (f"{'k' * 65}@example.org", False),
        ("kim", False),
    ],
)
def test_a_mail_goes_only_to_a_plain_and_whole_address(address: str, mailable: bool) -> None:
    assert is_mailable(Redacted(address)) is mailable


def test_a_hint_says_hardly_anything() -> None:
    assert hint(EMAIL, Redacted("kim.box@example.org")) == "k…@example.org"
    assert hint(PHONE, Redacted("+442079460123")) == "…23"


def test_what_is_kept_is_sealed_for_its_row(store: Store, vault: Vault) -> None:
    box = ContactBox(store, vault)
    handles = box.keep("c", mask("kim@example.org or +44 20 7946 0123").found, NOW)
    assert list(handles) == ["[email-1]", "[phone-1]"]
    with store.unit() as unit:
        rows = unit.execute(sa.select(held_contacts)).mappings().all()
        assert all(b"example" not in row["sealed"] and b"7946" not in row["sealed"] for row in rows)
        known = contacts.held(unit, vault, "c", list(handles.values()))
        assert [one.value.reveal() for one in known] == ["kim@example.org", "+442079460123"]
        one, other = rows
        swap = {"sealed": other["sealed"], "key_id": other["key_id"]}
        unit.execute(sa.update(held_contacts).where(held_contacts.c.id == one["id"]).values(**swap))
        with pytest.raises(EncryptionError):
            contacts.held(unit, vault, "c", list(handles.values()))


def test_a_handle_is_of_use_only_in_its_own_conversation(store: Store, vault: Vault) -> None:
    (handle,) = ContactBox(store, vault).keep("c", mask("kim@example.org").found, NOW).values()
    with store.reading() as unit:
        for conversation, handles in (("d", [handle]), ("c", [handle, "f" * 32]), ("c", [""])):
            with pytest.raises(InputError):
                contacts.held(unit, vault, conversation, handles)


def test_a_conversation_holds_so_many_contacts_and_no_more(store: Store, vault: Vault, count: Count) -> None:
    box = ContactBox(store, vault)
    for number in range(12):
        some = " ".join(f"a{number}b{n}@example.org" for n in range(10))
        newest = box.keep("c", mask(some).found, at(hours=number))
    box.keep("d", mask("kim@example.org").found, NOW)
    assert count("held_contacts") == 51
    with store.reading() as unit:
        assert len(contacts.held(unit, vault, "c", list(newest.values()))) == 10


@pytest.mark.parametrize("typed", ["x" * 400 + "@example.org", "nothing here"])
def test_what_cannot_be_a_contact_gets_no_handle(store: Store, vault: Vault, count: Count, typed: str) -> None:
    assert ContactBox(store, vault).keep("c", mask(typed).found, NOW) == {}
    assert count("held_contacts") == 0


@pytest.mark.parametrize("conversation", ["", "x" * 201, "a\0b"])
def test_a_conversation_that_cannot_be_one_is_refused(store: Store, vault: Vault, conversation: str) -> None:
    with pytest.raises(InputError):
        ContactBox(store, vault).keep(conversation, mask("kim@example.org").found, NOW)


def test_the_order_of_contacts_is_kept(store: Store, vault: Vault) -> None:
    given = [KnownContact(EMAIL, Redacted(f"{number}@example.org")) for number in range(9)]
    random.Random(4).shuffle(given)
    from test_tickets_store import _insert_request

    with store.unit() as unit:
        _insert_request(unit.connection)
        contacts.attach(unit, vault, "r", given)
        assert list(contacts.of_request(unit, vault, "r")) == given
        assert contacts.address_of(given) == given[0]
        assert contacts.address_of([KnownContact(PHONE, Redacted("+442079460123"))]) is None
