"""Votes on answers: one for each message, its words sealed, counted, and gone with the conversation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import NOW

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets.errors import ConstraintError, InputError
from tickets.retention import Keeper
from tickets.store import Store
from tickets.tables_arrivals import votes as table
from tickets.vocabulary import VoteReason
from tickets.votes import Vote, Votes

Count = Callable[[str], int]


def vote(**changes: Any) -> Vote:
    usual = Vote(
        conversation="c1",
        message_id="m1",
        policy="klasso",
        version="2026-04",
        topic="retention",
        kind="answer",
        clauses=("4.1", "4.2"),
        is_right=False,
        reason=VoteReason.INCOMPLETE,
        note=Redacted("what about backups"),
        question=Redacted("how long do you keep it"),
    )
    return replace(usual, **changes)


RIGHT = {"is_right": True, "reason": None, "note": Redacted("")}


@pytest.fixture
def votes(store: Store, vault: Vault) -> Votes:
    return Votes(store, vault)


@pytest.fixture
def keeper(store: Store, vault: Vault) -> Keeper:
    return Keeper(store, vault)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


def test_what_was_cast_is_shown_to_staff_whole(votes: Votes) -> None:
    votes.cast(vote(), NOW)
    (kept,) = votes.latest(10)
    assert (kept.vote, kept.at) == (vote(), NOW)


def test_a_second_vote_on_a_message_replaces_the_first(votes: Votes, count: Count) -> None:
    votes.cast(vote(), NOW)
    votes.cast(vote(**RIGHT), days(1))
    votes.cast(vote(message_id="m2"), NOW)
    votes.cast(vote(conversation="c2"), NOW)
    assert count("votes") == 3 and votes.latest(1)[0].vote == vote(**RIGHT)


def test_the_newest_come_first_and_the_wrong_ones_can_be_asked_for(votes: Votes) -> None:
    for number in range(4):
        votes.cast(vote(message_id=f"m{number}", **(RIGHT if number % 2 else {})), days(number))
    assert [kept.vote.message_id for kept in votes.latest(3)] == ["m3", "m2", "m1"]
    assert [kept.vote.message_id for kept in votes.latest(3, only_wrong=True)] == ["m2", "m0"]


def test_votes_are_counted_by_policy_and_reason(votes: Votes) -> None:
    votes.cast(vote(), NOW)
    votes.cast(vote(message_id="m2", reason=None), NOW)
    votes.cast(vote(message_id="m3", policy="klantra", reason=VoteReason.OTHER), NOW)
    votes.cast(vote(message_id="m4", **RIGHT), NOW)
    every, one = votes.counts(), votes.counts("klasso")
    assert (every.right, every.wrong, one.right, one.wrong) == (1, 3, 1, 2)
    assert {reason: number for reason, number in one.reasons.items() if number} == {VoteReason.INCOMPLETE: 1}
    assert set(votes.counts("nobody").reasons.values()) == {0}


@pytest.mark.parametrize(
    "changes",
    [
        {"is_right": True},
        {"conversation": ""},
        {"message_id": ""},
        {"message_id": "x" * 201},
        {"policy": "x" * 201},
        {"kind": "x" * 65},
        {"clauses": ("x" * 201,)},
        {"clauses": ("4.1",) * 51},
        {"note": Redacted("x" * 4_001)},
        {"question": Redacted("a\0b")},
        {"note": Redacted("\ud800")},
    ],
)
def test_what_does_not_fit_is_refused(votes: Votes, count: Count, changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        votes.cast(vote(**changes), NOW)
    assert count("votes") == 0


def test_the_database_itself_refuses_a_reason_for_a_right_answer(votes: Votes, store: Store) -> None:
    votes.cast(vote(), NOW)
    with pytest.raises(ConstraintError), store.unit() as unit:
        unit.execute(sa.update(table).values(is_right=True))


def test_a_vote_that_does_not_open_hides_only_its_words(votes: Votes, store: Store) -> None:
    votes.cast(vote(), NOW)
    with store.unit() as unit:
        unit.execute(sa.update(table).values(id="moved"))
        unit.commit()
    (kept,) = votes.latest(10)
    assert kept.vote == vote(note=Redacted(""), question=Redacted(""))


def test_votes_are_told_forgotten_and_erased_again_out_of_a_backup(votes: Votes, keeper: Keeper, count: Count) -> None:
    for conversation in ("c1", "c2"):
        votes.cast(vote(conversation=conversation), NOW)
    assert keeper.my_data("c1").votes == 1
    keeper.forget("c1", days(1))
    assert (keeper.my_data("c1").votes, keeper.my_data("c2").votes) == (0, 1)
    votes.cast(vote(), NOW)  # a backup brings it back
    assert keeper.reapply_erasures(days(2)).conversations == 1 and count("votes") == 1


def test_votes_leave_as_late_as_their_conversation(votes: Votes, keeper: Keeper) -> None:
    votes.cast(vote(), NOW)
    assert keeper.purge(days(30)).votes == 0 and keeper.purge(days(30.1)).votes == 1


def test_neither_note_nor_question_lies_in_the_file(migrated_file: Path, tmp_path: Path, vault: Vault) -> None:
    path = tmp_path / "votes.db"
    path.write_bytes(migrated_file.read_bytes())
    with Store(f"sqlite:///{path}") as store:
        Votes(store, vault).cast(vote(note=Redacted("canary-note"), question=Redacted("canary-question")), NOW)
    data = path.read_bytes()
    assert b"retention" in data and b"canary" not in data
    assert "canary" not in repr(vote(note=Redacted("canary-note")))
