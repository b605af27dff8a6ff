"""Codes that people type: what is one, what is not, and how many there are."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from pii.redacted import Redacted
from tickets.codes import ALPHABET, looks_like_code, new_code, normalised
from tickets.office import USUAL_LIMITS
from tickets.references import new_reference


def seen(text: str) -> str | None:
    found = looks_like_code(text)
    return found.reveal() if found is not None else None


@pytest.mark.parametrize(
    "text",
    [
        "7F3K-92QD",
        "7f3k-92qd",
        "7F3K92QD",
        "7f3k 92qd",
        " 7F3K–92QD. ",
        "7 f 3 k - 9 2 q d",
        "7F3K\n92QD",
        "(7F3K-92QD)",
        "my code is 7f3k-92qd, thanks",
        "the code: 7F3K92QD",
        "code 7F3K 92QD please",
        "thx 7F3K-92QD",
        "7F3K-92QD 7f3k92qd",
    ],
)
def test_a_code_is_found_however_it_is_typed(text: str) -> None:
    assert seen(text) == "7F3K92QD"


@pytest.mark.parametrize(("text", "code"), [("OlI0-92QD", "011092QD"), ("o1i0 92qd", "011092QD"), ("ABCD-EFGH",) * 2])
def test_what_is_easily_mistaken_is_forgiven(text: str, code: str) -> None:
    assert seen(text) == code.replace("-", "")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "withdraw",
            "deletion",
            "complete",
            "forget me",
            "give back",
            "copy data",
            "take that",
            "children",
            "password",
        ),
        *("send mail", "resend it", "THIS TEXT", "year 2020", "in 2020 2021 I asked", "call 5550 1234 now"),
        *("KLS-7F3K-92QD", "kls-7f3k-92qd", "kls 7f3k 92qd", "status of KLS-7F3K-92QD", "what about KLS 7F3K 92QD?"),
        *(
            "7F3K-92QD or 7F3K-92QE",
            "7F3K-92QU",
            "7F3K-92Q",
            "7F3K-92QDX",
            "x7F3K-92QD",
            "7F3K-92QD-AAAA",
            "7F3-K92QD-",
        ),
        *("https://example.org/7F3K-92QD", "7F3K-92QD@example.org", "[email-1]", "[code-1]", "", " ", "7F3K" * 200),
        "please delete everything that you have on me since 2019",
    ],
)
def test_words_references_and_halves_are_no_code(text: str) -> None:
    assert seen(text) is None


def test_every_code_is_recognised_as_it_stands_in_the_mail_and_hurried() -> None:
    for _ in range(2_000):
        code = new_code().reveal()
        shown = f"{code[:4]}-{code[4:]}"
        assert seen(shown) == seen(f"the code is {shown}.") == seen(code) == code
        assert seen(shown.lower()) == code


def test_no_reference_is_taken_for_a_code() -> None:
    for policy in ("klasso", "klantra", "classtime", "aeiou"):
        for _ in range(500):
            reference = new_reference(policy)
            assert seen(reference) is seen(reference.lower()) is seen(f"any news on {reference}?") is None


def test_a_code_has_forty_bits_and_every_place_every_letter() -> None:
    codes = [new_code().reveal() for _ in range(5_000)]
    assert len(ALPHABET) ** 8 == 2**40 and len(set(codes)) == len(codes)
    assert not any(code.isdigit() for code in codes)  # 10^8 of 2^40 are left out
    for place in range(8):
        counted = Counter(code[place] for code in codes)
        assert set(counted) == set(ALPHABET) and max(counted.values()) < 2 * 5_000 / 32


def test_guessing_at_the_highest_rate_allowed_hits_at_most_once_in_a_million_days() -> None:
    windows_touching_a_day = 25
    assert USUAL_LIMITS.wrong_codes * windows_touching_a_day / (2**40 - 10**8) <= 1e-6


def test_what_cannot_be_a_code_never_equals_one() -> None:
    for typed in ("", "7F3K", "7F3K-92QU", "7F3K-92QDD", "ＡＢＣＤＥＦＧＨ", "\0" * 8, "7F3K-92Q\u0301"):
        assert normalised(Redacted(typed)) == ""


def test_recognising_is_quick_on_hostile_texts() -> None:
    letters = random.Random(1)
    for text in ("A " * 4_000, "7" * 10_000, "-" * 10_000, "".join(letters.choices("7F -", k=10_000)), "A---" * 100):
        seen(text)
        seen(text[:400])
