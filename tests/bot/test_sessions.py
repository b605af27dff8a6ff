"""Tokens: only what this server minted, for this conversation, not too long ago."""

from __future__ import annotations

import base64
import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itsdangerous import TimestampSigner

from bot.sessions import LIFETIME, LONGEST_TOKEN, SessionError, Sessions
from pii.redacted import Redacted

OURS = Sessions(Redacted("s" * 40))
THEIRS = Sessions(Redacted("t" * 40))
PAYLOAD = '/request{"right": "deletion"}'


def refused(read, *arguments: object) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(SessionError) as error:
        read(*arguments)
    return str(error.value.code)


def test_a_minted_token_is_read_back() -> None:
    session, token = OURS.open("klasso")
    assert OURS.read(token) == session and session.policy == "klasso"


def test_conversations_are_unguessable_and_never_the_same() -> None:
    conversations = {OURS.open("klasso")[0].conversation for _ in range(1000)}
    assert len(conversations) == 1000
    assert all(len(conversation.partition(":")[2]) == 32 for conversation in conversations)  # 128 bits


def test_another_secrets_token_is_refused() -> None:
    assert refused(OURS.read, THEIRS.open("klasso")[1]) == "session_invalid"


def test_a_token_whose_policy_or_conversation_was_swapped_is_refused() -> None:
    session, token = OURS.open("klasso")
    payload, _, signature = token.partition(".")
    for changed in ([session.conversation, "klantra"], ["web:" + "0" * 32, "klasso"]):
        forged = base64.urlsafe_b64encode(json.dumps(changed, separators=(",", ":")).encode()).decode().rstrip("=")
        assert forged != payload
        assert refused(OURS.read, f"{forged}.{signature}") == "session_invalid"


def test_the_signature_of_one_token_does_not_fit_another() -> None:
    one, other = OURS.open("klasso")[1], OURS.open("klantra")[1]
    mixed = other.partition(".")[0] + "." + one.partition(".")[2]
    assert refused(OURS.read, mixed) == "session_invalid"


def test_every_changed_character_is_noticed() -> None:
    _, token = OURS.open("klasso")
    shaken = random.Random(7)
    for place in range(len(token) - 1):  # the last one carries spare bits that mean nothing
        other = shaken.choice([sign for sign in "abcXYZ019_-" if sign != token[place]])
        assert refused(OURS.read, token[:place] + other + token[place + 1 :]) == "session_invalid"


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "\x00", "None", "[]", "a" * (LONGEST_TOKEN + 1)])
def test_nonsense_is_refused(token: str) -> None:
    assert refused(OURS.read, token) == "session_invalid"


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_text_at_all_passes_for_a_token(token: str) -> None:
    assert refused(OURS.read, token) == "session_invalid"
    assert refused(OURS.pressed, OURS.open("klasso")[0], token) == "button_invalid"


def test_a_token_lives_for_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now - LIFETIME - 60)
    _, old = OURS.open("klasso")
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now - LIFETIME + 60)
    session, fresh = OURS.open("klasso")
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now)
    assert refused(OURS.read, old) == "session_expired"
    assert OURS.read(fresh) == session


def test_a_button_works_in_its_own_conversation_only() -> None:
    (mine, _), (yours, _) = OURS.open("klasso"), OURS.open("klasso")
    token = OURS.button(mine, PAYLOAD)
    assert OURS.pressed(mine, token) == PAYLOAD
    assert refused(OURS.pressed, yours, token) == "button_invalid"
    assert refused(THEIRS.pressed, mine, token) == "button_invalid"


def test_a_session_is_no_button_and_a_button_is_no_session() -> None:
    session, token = OURS.open("klasso")
    assert refused(OURS.pressed, session, token) == "button_invalid"
    assert refused(OURS.read, OURS.button(session, PAYLOAD)) == "session_invalid"


def test_a_payload_is_no_button() -> None:
    session, _ = OURS.open("klasso")
    assert refused(OURS.pressed, session, PAYLOAD) == "button_invalid"
    assert refused(OURS.pressed, session, "x" * 5000) == "button_invalid"
