"""Votes on answers: was this right, and if not, why. They leave with the conversation, because they hold its words."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, Sealed, Vault
from pii.redacted import Redacted
from tickets.errors import InputError
from tickets.store import Store
from tickets.tables import MAX_NAME, MAX_TEXT
from tickets.tables_arrivals import votes
from tickets.vocabulary import VoteReason

_LONGEST_KIND = 64
_MOST_CLAUSES = 50


@dataclass(frozen=True)
class Vote:
    """What a person thinks of one answer. reason: only of a wrong one. note: their words; question: what they asked.

    policy, version, topic, kind and clauses tell which answer it was. note and question may be empty.
    """

    conversation: str
    message_id: str
    policy: str
    version: str
    topic: str
    kind: str
    clauses: tuple[str, ...]
    is_right: bool
    reason: VoteReason | None
    note: Redacted
    question: Redacted


@dataclass(frozen=True)
class CastVote:
    """A vote as it was kept. Note and question are empty if they cannot be opened any more."""

    vote: Vote
    at: datetime


@dataclass(frozen=True)
class Counts:
    """How many votes there are. reasons: of the wrong ones that name one; each reason has a number."""

    right: int = 0
    wrong: int = 0
    reasons: Mapping[VoteReason, int] = field(default_factory=dict)


class Votes:
    """Keeps one vote for each message of a conversation; a second one replaces it."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def cast(self, vote: Vote, now: datetime) -> None:
        """Keep a vote. Raises InputError, and StoreError: then nothing was kept."""
        _check(vote)
        row_id = secrets.token_hex(16)
        said = Redacted(json.dumps({"note": vote.note.reveal(), "question": vote.question.reveal()}))
        sealed = self._vault.seal(said, _place(row_id))
        names = ("conversation", "message_id", "policy", "version", "topic", "kind", "is_right")
        values = {name: getattr(vote, name) for name in names} | {
            "id": row_id,
            "clauses": json.dumps(list(vote.clauses)),
            "reason": vote.reason.value if vote.reason else None,
            "sealed": sealed.data,
            "key_id": sealed.key,
            "at": now,
        }
        same = (votes.c.conversation == vote.conversation, votes.c.message_id == vote.message_id)
        with self._store.unit() as unit:
            unit.execute(sa.delete(votes).where(*same))
            unit.execute(sa.insert(votes).values(**values))
            unit.commit()

    def latest(self, limit: int, only_wrong: bool = False) -> tuple[CastVote, ...]:
        """The newest votes, for staff; only_wrong: of answers that were not right."""
        found = sa.select(votes).order_by(votes.c.at.desc(), votes.c.id).limit(limit)
        if only_wrong:
            found = found.where(votes.c.is_right.is_(False))
        with self._store.reading() as unit:
            rows = unit.execute(found).mappings().all()
        return tuple(self._opened(row) for row in rows)

    def counts(self, policy: str | None = None) -> Counts:
        """How many votes there are, of all policies or of one."""
        counted = sa.select(votes.c.is_right, votes.c.reason, sa.func.count()).group_by(
            votes.c.is_right, votes.c.reason
        )
        if policy is not None:
            counted = counted.where(votes.c.policy == policy)
        with self._store.reading() as unit:
            found = [(bool(right), reason, int(number)) for right, reason, number in unit.execute(counted)]
        by_reason = {VoteReason(reason): number for _, reason, number in found if reason is not None}
        return Counts(
            right=sum(number for right, _, number in found if right),
            wrong=sum(number for right, _, number in found if not right),
            reasons={reason: by_reason.get(reason, 0) for reason in VoteReason},
        )

    def _opened(self, row: Mapping[str, Any]) -> CastVote:
        try:
            said = json.loads(self._vault.open(Sealed(row["key_id"], row["sealed"]), _place(row["id"])).reveal())
        except EncryptionError:
            said = {"note": "", "question": ""}  # one vote that is damaged must not hide the others
        vote = Vote(
            conversation=row["conversation"],
            message_id=row["message_id"],
            policy=row["policy"],
            version=row["version"],
            topic=row["topic"],
            kind=row["kind"],
            clauses=tuple(json.loads(row["clauses"])),
            is_right=row["is_right"],
            reason=VoteReason(row["reason"]) if row["reason"] else None,
            note=Redacted(said["note"]),
            question=Redacted(said["question"]),
        )
        return CastVote(vote, row["at"])


def _place(row_id: str) -> str:
    return f"votes.sealed:{row_id}"


def _check(vote: Vote) -> None:
    """Raise InputError unless the vote can be kept."""
    if vote.reason is not None and vote.is_right:
        raise InputError("only an answer that was not right has a reason")
    if not vote.conversation or not vote.message_id:
        raise InputError("a vote is about a message of a conversation")
    names = (vote.conversation, vote.message_id, vote.policy, vote.version, vote.topic, *vote.clauses)
    if any(len(name) > MAX_NAME for name in names) or len(vote.kind) > _LONGEST_KIND:
        raise InputError(f"a name in a vote has at most {MAX_NAME} characters, its kind {_LONGEST_KIND}")
    if len(vote.clauses) > _MOST_CLAUSES:
        raise InputError(f"a vote names at most {_MOST_CLAUSES} clauses")
    said = (vote.note.reveal(), vote.question.reveal())
    if any(len(text) > MAX_TEXT for text in said):
        raise InputError(f"the note and the question of a vote have at most {MAX_TEXT:,} characters")
    if any("\0" in text or "\ud800" <= char <= "\udfff" for text in (*names, vote.kind, *said) for char in text):
        raise InputError("a vote holds a character that cannot be kept (NUL or half a surrogate pair)")
