"""Receipts: an answer opened again as it was said, from its signed link alone."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta, timezone
from html import unescape
from itertools import count
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from chatting import Chat, chatting, client_of
from fastapi import FastAPI
from two_versions import KEEP, NEW, OLD, ONE, SHARE, TWO, base_of, policy_of

from actions.speaking import answer_data, changes_data
from bot.app_changes import add_receipts
from bot.launch import make_app
from bot.receipts import LONGEST, PATH, ReceiptError, Receipts
from pii.redacted import Redacted
from policies_kb.answering import Answer, AnswerKind, Quote, Role
from policies_kb.changes_told import worth_telling
from policies_kb.history import compared
from policies_kb.knowledge import Policy
from policies_kb.topics import Topic

NOW = datetime(2026, 5, 3, 12, 30, 59, tzinfo=timezone.utc)
SECRET = Redacted("only-for-tests-only-for-tests-only-for-tests")
RECEIPTS = Receipts(SECRET, lambda: NOW)
LEAD = "This is what Made & Co's privacy policy says:"


def answer_of(policy: Policy, **more: Any) -> dict[str, Any]:
    first, second = policy.current.clauses[:2]
    version = policy.current.version
    quotes = (Quote(first, "made", version, Role.ANSWER), Quote(second, "made", version, Role.RELATED, "the app"))
    return answer_data(Answer(AnswerKind.STATES, Topic.RETENTION, quotes, **more))


def token_of(policy: Policy = ONE, answer: dict[str, Any] | None = None, release: int = 7) -> str:
    return RECEIPTS.path(answer or answer_of(policy), LEAD, policy, release, NOW).removeprefix(PATH)


def opened(token: str, policy: Policy | None, then: Policy | None = None) -> httpx.Response:
    def earlier(number: int, name: str) -> Policy | None:
        return then if (number, name) == (7, "made") else None

    async def asked() -> httpx.Response:
        app = FastAPI()
        knowledge = base_of(policy) if policy else SimpleNamespace(policies={})
        desk = SimpleNamespace(receipts=RECEIPTS)
        services: Any = SimpleNamespace(knowledge=knowledge, desk=desk, earlier=earlier)
        add_receipts(app, services)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.example.org") as http:
            return await http.get(PATH + token)

    return asyncio.run(asked())


def words_of(response: httpx.Response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def test_a_receipt_gives_back_what_was_said() -> None:
    read = RECEIPTS.read(token_of(answer=answer_of(ONE, steps=("Open it.",), note="A note.", condition="In the app?")))
    assert (read.release, read.policy, read.version) == (7, "made", "2026-04")
    assert read.said == datetime(2026, 5, 3, 12, 30, tzinfo=timezone.utc)
    assert (read.kind, read.topic, read.lead) == ("states", "data_retention", LEAD)
    assert (read.steps, read.note, read.condition) == (("Open it.",), "A note.", "In the app?")
    assert [(one.role, one.label) for one in read.quotes] == [("answer", ""), ("related", "the app")]
    assert [one.clause(ONE.current) for one in read.quotes] == list(ONE.current.clauses[:2])


def test_the_page_shows_it_with_its_date_and_version() -> None:
    page = words_of(opened(token_of(), ONE))
    for words in (KEEP, SHARE, LEAD, "3 May 2026, 12:30 UTC", "version 2026-04", "release 7"):
        assert words in page, words
    assert "still the current version" in page and "The app" in page


def test_after_a_change_it_still_shows_the_old_words_and_links_the_comparison() -> None:
    response = opened(token_of(ONE), TWO)
    page = words_of(response)
    assert KEEP in page and "ninety days" not in page
    assert "The policy has changed since: version 2026-09-01 holds now." in page
    assert 'href="/p/made/changes?from=2026-04"' in response.text


def test_an_answer_about_changes_quotes_each_version() -> None:
    comparison = compared(TWO, "2026-04", "2026-09-01")
    data = changes_data(comparison, worth_telling(comparison), "/p/made/changes?from=2026-04&to=2026-09-01")
    page = words_of(opened(token_of(TWO, data), TWO))
    assert f"Before, in version 2026-04 1. Storage {KEEP}".replace("1. Storage ", "") in page
    assert "Now, in version 2026-09-01" in page and "ninety days" in page and "All changes, side by side" in page


def test_the_quotes_come_from_the_policys_text_and_never_from_the_link() -> None:
    payload = token_of().rpartition(".")[0]
    packed = urlsafe_b64decode(payload.removeprefix(".") + "=" * (-len(payload.removeprefix(".")) % 4))
    kept = json.loads(zlib.decompress(packed) if payload.startswith(".") else packed)
    assert "carrier" not in json.dumps(kept) and "six months" not in json.dumps(kept)
    assert len(kept) == 8 and LEAD in kept  # release, policy, version, minute, kind, topic, lead, quotes


@pytest.mark.parametrize("place", range(0, 400, 13))
def test_a_link_changed_in_one_letter_opens_nothing(place: int) -> None:
    token = token_of()
    at = place % len(token)
    if at == len(token) - 1:
        at -= 1  # the last letter carries idle bits
    forged = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    with pytest.raises(ReceiptError):
        RECEIPTS.read(forged)


@pytest.mark.parametrize("token", ["", "x", "a.b", token_of()[:-3], token_of() + "x", "é", "9" * (LONGEST + 1)])
def test_a_forged_or_cut_link_says_so(token: str) -> None:
    with pytest.raises(ReceiptError):
        RECEIPTS.read(token)
    if token:
        response = opened(token, ONE)
        assert response.status_code == 404 and "No receipt stands behind this link" in response.text


def test_another_desks_receipt_opens_nothing_here() -> None:
    other = Receipts(Redacted("another-secret-another-secret-another"), lambda: NOW)
    with pytest.raises(ReceiptError):
        RECEIPTS.read(other.path(answer_of(ONE), LEAD, ONE, 7, NOW).removeprefix(PATH))


def test_a_signature_made_for_something_else_opens_nothing() -> None:
    from bot.sessions import Sessions

    with pytest.raises(ReceiptError):
        RECEIPTS.read(Sessions(SECRET).open("made")[1])


def test_where_the_policy_is_gone_it_says_so_and_shows_our_own_words() -> None:
    page = words_of(opened(token_of(), None))
    assert "not served here any more" in page and LEAD in page and KEEP not in page


def test_where_the_version_is_gone_it_says_so_and_quotes_nothing_else() -> None:
    page = words_of(opened(token_of(ONE), policy_of("2026-09-01", _2026_09_01=NEW)))
    assert "Version 2026-04 is not kept here" in page and "whose text is not kept here" in page
    assert SHARE not in page  # it stands in the new version too, but that is not what was said


@pytest.mark.parametrize("now", [policy_of("2026-09-01", _2026_09_01=NEW), None])
def test_what_is_not_served_any_more_is_read_from_the_release_that_said_it(now: Policy | None) -> None:
    response = opened(token_of(ONE), now, then=ONE)
    page = words_of(response)
    assert KEEP in page and SHARE in page and "Version 2026-04, not served any more" in page
    assert "not kept here" not in page and "/p/made/2026-04#" not in response.text


def test_a_clause_told_twice_is_known_by_its_number() -> None:
    twice = policy_of("1", _1=f"1. Web\n{KEEP}\n2. App\n{KEEP}\n")
    first, second = twice.current.clauses
    assert second.id == f"{first.id}-2"
    read = RECEIPTS.read(token_of(twice))
    assert [one.clause(twice.current) for one in read.quotes] == [first, second]


def test_nothing_in_a_receipt_becomes_markup() -> None:
    policy = policy_of("2", _1=OLD, _2=NEW)
    data = {**answer_of(policy), "steps": ["<b>bold</b>"], "note": "<script>1</script>"}
    data["quotes"][0]["clause"] = policy.current.clauses[-1].id
    page = opened(token_of(policy, data), policy).text
    assert "<script" not in page and "<b>bold" not in page and "&lt;script&gt;alert(1)" in page


def test_an_answer_too_long_for_a_link_has_no_receipt() -> None:
    from random import Random

    letters = "".join(Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9_000))
    assert RECEIPTS.path(answer_of(ONE, note=letters), LEAD, ONE, 7, NOW) == ""


def test_each_answer_of_a_turn_gets_its_own_and_other_messages_none() -> None:
    first, second = answer_of(ONE), answer_of(ONE, note="Another.")
    messages = [
        {"text": "Hello.", "data": {}, "buttons": [], "name": ""},
        {"text": LEAD, "data": {"answer": first, "more_answers": [second]}, "buttons": [], "name": ""},
    ]
    RECEIPTS.add(messages, ONE, 3, NOW)
    told = messages[1]["data"]
    assert isinstance(told, dict) and messages[0]["data"] == {}
    receipts = [told["answer"]["receipt"], told["more_answers"][0]["receipt"]]
    assert len(set(receipts)) == 2 and [one["release"] for one in (told["answer"], told["more_answers"][0])] == [3, 3]
    assert "receipt" not in first  # what the dialogue keeps stays as it was


@pytest.mark.asyncio
async def test_an_answer_of_the_desk_can_be_opened_again(app: Any) -> None:
    async with chatting(app, "classtime") as chat:
        reply = await chat.say("How long do you keep my data after I delete my account?")
        answer = reply["answer"]
        page = await chat.http.get(answer["receipt"])
    assert page.status_code == 200 and answer["receipt"].startswith(PATH)
    assert reply["text"] in unescape(page.text)
    for quote in answer["quotes"]:
        assert quote["text"].split("\n")[0] in unescape(page.text)


@pytest.mark.asyncio
async def test_the_kept_reply_has_the_receipt_that_was_given_though_a_minute_ends_in_between(
    app: Any, own_settings: Any, parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = (NOW + timedelta(minutes=number) for number in count())
    monkeypatch.setattr(parts.desk, "receipts", Receipts(own_settings.secret, lambda: next(minutes)))
    async with chatting(app, "classtime") as chat:
        given = await chat.say("How long do you keep my data after I delete my account?", "kept-receipt")
        assert given["answer"]["receipt"]
        async with client_of(make_app(own_settings, parts)) as http:
            kept = await Chat(http, chat.token).say(
                "How long do you keep my data after I delete my account?", "kept-receipt"
            )
    assert kept == given


@pytest.mark.asyncio
async def test_the_desk_admits_that_it_knows_one_version(app: Any) -> None:
    async with chatting(app, "classtime") as chat:
        reply = await chat.say("what changed since I signed up?")
    assert "one version" in reply["text"] and "2020-09-25" in reply["text"]
