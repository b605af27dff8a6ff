"""Contact data is taken out of a text; everything that only looks like it stays."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pii.masking import ContactKind, mask

EMAILS = {
    "write to alice@example.org.": "write to [email-1].",
    "(alice.b+news@mail.example.org)": "([email-1])",
    "'alice@example.org'": "'[email-1]'",
    '"alice@example.org"': '"[email-1]"',
    '"john doe"@example.org': "[email-1]",
    "<mailto:alice@example.org>": "<mailto:[email-1]>",
    "https://example.org/?email=alice@example.org&x=1": "https://example.org/?email=[email-1]&x=1",
    "a@example.org,b@example.org;c@example.org": "[email-1],[email-2];[email-3]",
    "a@example.org+b@example.org": "[email-1]+[email-2]",
    "alice (at) example.org": "[email-1]",
    "alice[at]example.org": "[email-1]",
    "jörg@exämple.example.org": "[email-1]",
    "ali\u200bce@exam\u200bple.org": "[email-1]",
    "alice＠example.org": "[email-1]",
    "alice@[192.0.2.1]": "[email-1]",
    "5550123@example.org": "[email-1]",
    "alice@gmail": "[email-1]",
}
PHONES = [
    "+1 555-0123", "+1 (202) 555-0123", "+12025550123", "1-202-555-0123", "(202) 555-0123", "202.555.0123",
    "202 555 0123", "2025550123", "555-0123", "+44 20 7946 0123", "+44 (0)20 7946 0123", "020 7946 0123",
    "0049 151 2345678", "0151-23456789", "030/1234567", "06 12 34 56 78", "067 123 45 67", "+380 67 123 45 67",
    "98765 43210", "612 345 678", "12 34 56 78", "9123 4567", "(11) 91234-5678", "612345678", "+1\u00a0555\u20110123",
]  # fmt: skip
NOT_CONTACTS = [
    "2024-01-31", "31.01.2024 10.30", "01 02 2024 09:30", "2024-01-31 10:30:05.123456", "05/12/2024-06/12/2024",
    "since 01.02.2024 02.03.2025", "20240131", "202401311230", "20240131123000", "2019-2020", "2019 2020", "2024/25",
    "$1,200.50", "€ 1 200 000", "1 200 000 EUR", "600 123 456 euros", "$1234567890", "1 000 000 000 users",
    "12,345,678", "100,000 users", "version 3.6.21", "v10.20.3000", "1.2.3.4", "192.168.100.200", "3.14159265358",
    "I am 12 years old", "under 13, over 16", "90 days", "order #123456789", "section 8", "GDPR 12(3)", "1-2-3",
    "16 CFR 312.6", "pages 100-200", "550e8400-e29b-41d4-a716-446655440000", "meet me @school", "4111 1111 1111 1111",
    "me @ home", "10 555", "24/7", "1 2 3 4 5 6 7 8",
]  # fmt: skip
HOSTILE = [
    "a", "a.", "a@", "@", "a@b.c ", "a\u200b@", "(at)", '"a', "1", "1 ", "1-", "0 ", "00 ", "0(", "+1", "(0", "123 ",
    "12 ", "1.", "v1.", "1:", "$1 ", "$1,234", "+4 ", "((((+", "f", "00000000-", "1 2-3/", "[email-1]", "[email-",
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), EMAILS.items())
def test_an_email_address_becomes_a_placeholder(text: str, masked: str) -> None:
    result = mask(text)
    assert result.text == masked
    assert {contact.kind for contact in result.found} == {ContactKind.EMAIL}


@pytest.mark.parametrize("phone", PHONES)
def test_a_phone_number_becomes_a_placeholder_and_is_kept_as_typed(phone: str) -> None:
    result = mask(f"please call {phone}, thanks")
    assert result.text == "please call [phone-1], thanks"
    assert result.found[0].value.reveal() == phone


@pytest.mark.parametrize("text", NOT_CONTACTS)
def test_what_is_no_contact_stays(text: str) -> None:
    assert mask(text).text == text
    assert mask(f"I wrote: {text}.").text == f"I wrote: {text}."


@pytest.mark.parametrize("text", ["call +1 555-0123 10 times", "call +44 20 7946 0123 10 times"])
def test_the_number_after_a_phone_number_is_not_swallowed(text: str) -> None:
    assert mask(text).text == "call [phone-1] 10 times"


def test_the_same_contact_gets_the_same_placeholder() -> None:
    result = mask("Alice@example.org or alice@EXAMPLE.org, +1 555-0123 or +1 (555) 0123, bob@example.org")
    assert result.text == "[email-1] or [email-1], [phone-1] or [phone-1], [email-2]"
    assert [contact.placeholder for contact in result.found] == ["[email-1]", "[email-2]", "[phone-1]"]


def test_the_value_is_found_without_what_stands_around_it() -> None:
    assert mask("'alice@example.org'").found[0].value.reveal() == "alice@example.org"
    assert mask("ali\u200bce (at) example.org").found[0].value.reveal() == "alice@example.org"


def test_a_result_does_not_show_the_contact() -> None:
    assert "alice" not in repr(mask("alice@example.org"))


def test_a_typed_placeholder_does_not_pass_for_ours() -> None:
    result = mask("send it to [email-1], not to alice@example.org")
    assert result.text == "send it to (email-1), not to [email-1]"
    assert len(result.found) == 1


@pytest.mark.parametrize("part", HOSTILE)
def test_a_long_hostile_text_costs_what_its_length_costs(part: str) -> None:
    def cost(length: int) -> float:
        text = (part * length)[:length]
        started = time.perf_counter()
        mask(text)
        return time.perf_counter() - started

    assert cost(100_000) < max(0.03, min(cost(10_000), cost(10_000))) * 25


def test_a_million_characters_are_done_in_seconds() -> None:
    started = time.perf_counter()
    mask(("a" * 99 + "@") * 5_000 + "1 2-" * 125_000)
    assert time.perf_counter() - started < 5


@settings(max_examples=1_000, deadline=None)
@given(st.text(alphabet="0123456789  +-.()/@ab#$:€[]\u00a0", max_size=60))
def test_nothing_is_found_in_a_masked_text(text: str) -> None:
    assert mask(mask(text).text).found == ()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_an_address_between_spaces_is_found_in_any_text(before: str, after: str) -> None:
    assert "canary@example.org" not in mask(f"{before} canary@example.org {after}").text
