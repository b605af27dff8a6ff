"""References can be read out, typed back and kept in a masked text."""

import pytest

from pii.masking import mask
from tickets.references import ALPHABET, new_reference, normalised

POLICIES = ["klasso", "classtime", "klasterina", "kloudtalk", "klantra", "ai", "42", "Straße"]


def test_a_reference_has_the_form_people_were_told() -> None:
    assert new_reference("klasso").startswith("KLS-") and new_reference("ai").startswith("XXX-")
    assert not set(ALPHABET) & set("01OILUAESZB")


@pytest.mark.parametrize("policy", POLICIES)
def test_a_reference_survives_typing_and_masking(policy: str) -> None:
    for _ in range(500):
        reference = new_reference(policy)
        assert normalised(reference) == reference
        assert normalised(f" {reference.lower().replace('-', ' ')} ") == reference
        assert mask(f"status of {reference} please").found == ()


def test_letters_that_are_read_for_digits_are_understood() -> None:
    assert normalised("KLS-ZF3K-9SQB") == "KLS-2F3K-95Q8"


@pytest.mark.parametrize("typed", ["", "KLS", "KLS-7F3K", "KLS-7F3K-92QD-1", "'; --", "KLS-7F3K-92Q\0", "x" * 10_000])
def test_what_cannot_be_a_reference_is_nothing(typed: str) -> None:
    assert normalised(typed) == ""


def test_references_do_not_repeat() -> None:
    assert len({new_reference("klasso") for _ in range(20_000)}) == 20_000
