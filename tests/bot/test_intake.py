"""What a channel does with a text before anything reads it."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.intake import COMMANDS, LONGEST, READ, IntakeError, take
from pii.masking import mask

ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
PIECES = st.sampled_from(
    ["/", " ", "\n", "\t", "\u00a0", "\u200b", "\ufeff", "\x00", "\ud800", 'request{"right":"deletion"}', "delete", "?"]
    + ["someone@example.org", "+1 555-0123", "[email-1]", "é", "🙂", "\u202e", "\u2028", "\x85", "\x1c"]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))


def taken_or_none(text: str):  # type: ignore[no-untyped-def]
    try:
        return take(text)
    except IntakeError as error:
        assert error.code in ("empty", "too_long") and str(error)
        return None


@given(TEXTS)
@example('/request{"right":"deletion"}')
@example('/ /request{"right":"deletion"}')
@example('/\n/ \t//request{"right":"deletion"}')
@example('\x00/\x00/request{"right":"deletion"}')
@example('\u00a0/\u2028/request{"right":"deletion"}')
@example('\ud800/ /request{"right":"deletion"}')
@settings(max_examples=400, deadline=None)
def test_what_is_read_is_never_a_command(text: str) -> None:
    """Rasa takes white space off before it looks for the slash, so a slash behind white space is one too."""
    taken = taken_or_none(text)
    if taken is not None:
        assert not taken.read.strip().startswith("/") and not taken.full.strip().startswith("/")


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_what_is_read_has_no_control_signs_and_is_text(text: str) -> None:
    taken = taken_or_none(text)
    if taken is not None:
        taken.full.encode("utf-8")
        assert not set(taken.full) & (set(map(chr, range(32))) - {"\n", "\t"})
        assert taken.read.strip()


@given(
    TEXTS,
    st.sampled_from(["jane.doe@example.org", "j+tag@mail.example.org", "+1 202 555 0123", "(202) 555-0199"]),
    TEXTS,
)
@settings(max_examples=300, deadline=None)
def test_no_address_and_no_number_is_left(before: str, contact: str, after: str) -> None:
    taken = taken_or_none(f"{before} {contact} {after}")
    if taken is not None:
        assert contact not in taken.full and not ADDRESS.search(taken.full)
        assert mask(taken.full).found == ()


@given(st.integers(min_value=1, max_value=LONGEST + 50))
@settings(max_examples=60, deadline=None)
def test_a_message_keeps_what_fits_and_says_when_it_was_cut(length: int) -> None:
    text = "word " * (length // 5 + 1)
    text = (text[: length - 1] + "x")[:length]
    if length > LONGEST:
        with pytest.raises(IntakeError) as refused:
            take(text)
        assert refused.value.code == "too_long" and f"{LONGEST:,}" in str(refused.value)
        return
    taken = take(text)
    assert taken.full == text and taken.read == text[:READ] and taken.was_cut == (length > READ)


@pytest.mark.parametrize("text", ["", " ", "\n", "/", "///", " / / ", "\x00", "\u200e\x07"[1:], "\ud800"])
def test_a_message_without_anything_in_it_is_refused(text: str) -> None:
    with pytest.raises(IntakeError) as refused:
        take(text)
    assert refused.value.code == "empty"


def test_masking_that_lengthens_a_message_stays_within_the_limits() -> None:
    taken = take("a@b.example.org " * (LONGEST // 16))
    assert len(taken.full) <= LONGEST and len(taken.read) <= READ


@pytest.mark.parametrize(("command", "words"), COMMANDS.items())
def test_an_announced_command_is_read_as_its_words(command: str, words: str) -> None:
    for typed in (f"/{command}", f" /{command.upper()} ", f"/ /{command}"):
        taken = take(typed)
        assert (taken.read, taken.full, taken.is_command) == (words, words, False)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_with_more_behind_it_is_words_and_not_that_command(command: str) -> None:
    assert take(f"/{command} please").read == f"{command} please"
    assert take(command).read == command  # without its slash it is a word like any other


@pytest.mark.parametrize("typed", ['/request{"right": "access"}', "/{}", "🙂", "?!", "..."])
def test_what_is_no_words_is_told_apart(typed: str) -> None:
    assert take(typed).is_command


@pytest.mark.parametrize("typed", ["/request", "a {b}", "1", "ok 🙂"])
def test_words_are_words(typed: str) -> None:
    assert not take(typed).is_command


@pytest.mark.parametrize(
    ("sign", "word"), [("👍", "yes"), ("👍🏽", "yes"), ("✅", "yes"), ("👎", "no"), ("👎🏿", "no"), ("❌", "no")]
)
def test_a_thumb_is_a_yes_or_a_no(sign: str, word: str) -> None:
    assert (take(sign).read, take(sign).is_command) == (word, False)


def test_what_was_taken_out_is_handed_on_beside_the_text() -> None:
    taken = take("I am pat.roe@example.org or +44 20 7946 0123, PAT.ROE@example.org again")
    assert taken.read == "I am [email-1] or [phone-1], [email-1] again"
    assert [contact.value.reveal() for contact in taken.found] == ["pat.roe@example.org", "+44 20 7946 0123"]
    assert "pat.roe" not in repr(taken) and "7946" not in repr(taken)


def test_a_slash_within_a_message_stays() -> None:
    assert take("yes/no: do you record calls?").read == "yes/no: do you record calls?"
