"""Votes on answers: what was voted on is looked up where it was said, so that no client can put words into it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.intake import LONGEST, IntakeError, take
from bot.web_door import SOURCE
from pii.redacted import Redacted
from tickets.vocabulary import VoteReason
from tickets.votes import Vote

if TYPE_CHECKING:
    from bot.api_models import VoteModel
    from bot.noting import Noting
    from bot.sessions import Session
    from tickets.inbox import Inbox
    from tickets.outbox import Outbox
    from tickets.votes import Votes


@dataclass
class Ballot:
    """Takes votes of the web."""

    inbox: "Inbox"
    outbox: "Outbox"
    votes: "Votes"
    noting: "Noting"
    clock: Callable[[], datetime]

    async def cast(self, session: "Session", given: "VoteModel") -> bool:
        """False if this conversation has no such answer. Raises IntakeError, tickets.errors.StoreError."""
        return await asyncio.to_thread(self._cast, session, given)

    def _cast(self, session: "Session", given: "VoteModel") -> bool:
        said = self._said(session, given.message)
        answer = next((one["answer"] for one in said.get("replies", ()) if one.get("answer")), None)
        if answer is None:
            return False
        vote = _vote(session, given, said, answer)
        self.votes.cast(vote, self.clock())
        self.noting.voted(vote)
        return True

    def _said(self, session: "Session", message: str) -> dict[str, Any]:
        received = self.inbox.look(SOURCE, f"{session.conversation}:{message}")
        kept = self.outbox.read(received.reply_id) if received.reply_id else None
        return dict(json.loads(kept.text)) if kept else {}


def _vote(session: "Session", given: "VoteModel", said: dict[str, Any], answer: dict[str, Any]) -> Vote:
    quotes = answer["quotes"]
    return Vote(
        conversation=session.conversation,
        message_id=given.message,
        policy=session.policy,
        version=quotes[0]["version"] if quotes else "",
        topic=answer["topic"],
        kind=answer["kind"],
        clauses=tuple(dict.fromkeys(quote["clause"] for quote in quotes)),
        is_right=given.right,
        reason=VoteReason(given.reason) if given.reason and not given.right else None,
        note=Redacted(_masked(given.note or "")),
        question=Redacted(said.get("said") or ""),
    )


def _masked(note: str) -> str:
    """A note without contact data; an empty one is none."""
    try:
        return take(note[:LONGEST]).full
    except IntakeError:
        return ""
