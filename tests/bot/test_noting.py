"""What is put aside of a turn, what is not, and that answering never waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from bot import noting as module
from bot.desk import Reply
from bot.noting import NOT_ANSWERED, Noting
from pii.redacted import Redacted
from tickets.errors import StoreUnavailableError
from tickets.findings import LONGEST_QUESTION, Asked, Findings, check
from tickets.vocabulary import Finding, VoteReason
from tickets.votes import Vote

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)


@dataclass
class Notebook:
    """Stands in for tickets.findings.Findings; refuses what that refuses."""

    written: list[Asked] = field(default_factory=list)
    is_down: bool = False

    def note_all(self, asked: Sequence[Asked], now: datetime) -> None:
        if self.is_down:
            raise StoreUnavailableError("down")
        for one in asked:
            check(one)
        self.written += asked


@pytest.fixture
def book() -> Notebook:
    return Notebook()


@pytest.fixture
def noting(book: Notebook) -> Noting:
    return Noting(cast(Findings, book), lambda: NOW)


def answer(kind: str) -> Reply:
    return Reply("", answer={"kind": kind, "topic": "data_retention", "quotes": []})


def noted(noting: Noting, text: str, reply: Reply, spoken: tuple[str, ...] = ()) -> None:
    noting.noted("klasso", "2026-04", text, reply, spoken)


def told(book: Notebook) -> list[tuple[Finding, str, str]]:
    return [(one.kind, one.topic, one.question.reveal()) for one in book.written]


def vote(**changes: Any) -> Vote:
    usual: dict[str, Any] = {
        "conversation": "c1",
        "message_id": "m1",
        "policy": "klasso",
        "version": "2026-04",
        "topic": "data_retention",
        "kind": "states",
        "clauses": (),
        "is_right": False,
        "reason": VoteReason.INCOMPLETE,
        "note": Redacted("canary"),
        "question": Redacted("how long do you keep it"),
    }
    return Vote(**(usual | changes))


def test_silence_and_conflict_are_noted_and_a_good_answer_is_not(noting: Noting, book: Notebook) -> None:
    for kind in ("states", "denies", "conditional", "silent", "conflict"):
        noted(noting, f"is this {kind} kept", answer(kind))
    assert noting.drain() == 2
    assert told(book) == [
        (Finding.SILENT, "data_retention", "is this silent kept"),
        (Finding.CONFLICT, "data_retention", "is this conflict kept"),
    ]


@pytest.mark.parametrize("spoken", sorted(NOT_ANSWERED))
def test_a_question_that_got_no_answer_is_noted(noting: Noting, book: Notebook, spoken: str) -> None:
    noted(noting, "what happens with my data", Reply("I did not understand that."), (spoken,))
    noting.drain()
    assert told(book) == [(Finding.UNANSWERED, "", "what happens with my data")]


def test_the_names_of_responses_are_those_of_the_domain() -> None:
    domain = yaml.safe_load((Path(__file__).parents[2] / "domain.yml").read_text("utf-8"))
    assert set(domain["responses"]) >= NOT_ANSWERED


@pytest.mark.parametrize(
    ("text", "reply", "spoken"),
    [
        ("hello there my friend", Reply("Hello."), ("utter_greet",)),
        ("skjdh qwpoe zmxnb", Reply("?"), ("utter_not_understood",)),
        ("asdf", Reply("?"), ("utter_not_understood",)),
        ("what now", Reply("?"), ("utter_not_understood",)),
        ("delete my data please", Reply("?", request={"created": True}), ("utter_not_understood",)),
        ("what happens with my data", Reply("Something went wrong", failed=True), ()),
        ("   ", answer("silent"), ()),
    ],
)
def test_what_is_no_question_is_not_noted(
    noting: Noting, book: Notebook, text: str, reply: Reply, spoken: tuple[str, ...]
) -> None:
    noted(noting, text, reply, spoken)
    assert noting.drain() == 0 and book.written == []


def test_a_vote_for_wrong_counts_once_for_its_message_and_leaves_its_note_behind(
    noting: Noting, book: Notebook
) -> None:
    for one in (vote(), vote(), vote(reason=None), vote(is_right=True, reason=None), vote(message_id="m2")):
        noting.voted(one)
    noting.voted(vote(message_id="m3", question=Redacted(" ")))
    noting.drain()
    assert told(book) == [(Finding.VOTED_WRONG, "data_retention", "how long do you keep it")] * 2


def test_contacts_are_masked_even_if_the_channel_did_not(noting: Noting, book: Notebook) -> None:
    noted(noting, "do you keep one@example.org and [email-1]", answer("silent"))
    noted(noting, "do you keep [email-1]", answer("silent"))
    noting.drain()
    assert [question for _, _, question in told(book)] == [
        "do you keep [email-1] and (email-1)",
        "do you keep [email-1]",
    ]


def test_a_message_that_cannot_be_kept_keeps_no_other_from_it(noting: Noting, book: Notebook) -> None:
    for text in ("a\0b", "\ud800", "x" * 5_000, "is it kept"):
        noted(noting, text, answer("silent"))
    assert noting.drain() == 2
    assert [len(question) for _, _, question in told(book)] == [LONGEST_QUESTION, len("is it kept")]


def test_while_the_database_is_down_what_was_noted_waits_in_its_order(noting: Noting, book: Notebook) -> None:
    for number in range(3):
        noted(noting, f"question {number}", answer("silent"))
    book.is_down = True
    with pytest.raises(StoreUnavailableError):
        noting.drain()
    noted(noting, "question 3", answer("silent"))
    book.is_down = False
    assert noting.drain() == 4
    assert [question for _, _, question in told(book)] == [f"question {number}" for number in range(4)]


def test_only_so_much_waits(noting: Noting, book: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    monkeypatch.setattr(module, "AT_ONCE", 2)
    for number in range(9):
        noted(noting, f"question {number}", answer("silent"))
    assert noting.drain() == 5 and noting.drain() == 0
    assert [question for _, _, question in told(book)] == [f"question {number}" for number in range(5)]
