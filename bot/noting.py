"""Questions that were not answered well, put aside for the owner of the policy. Answering never waits for it.

What is noted waits in memory, a bounded number of them, until a round of the background work writes it down. A process
that dies loses the last few seconds of it, which costs a count and nothing that was promised to anybody.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from pii.masking import mask
from pii.redacted import Redacted
from policies_kb.spelling import known_words
from tickets.errors import InputError, StoreError
from tickets.findings import LONGEST_QUESTION, Asked, check
from tickets.vocabulary import Finding

if TYPE_CHECKING:
    from bot.desk import Reply
    from tickets.findings import Findings
    from tickets.votes import Vote

MOST_WAITING = 1_000
AT_ONCE = 200
NOT_ANSWERED = frozenset({"utter_not_understood", "utter_default", "utter_out_of_scope"})
"""Responses of domain.yml that answer nothing. Said to a question in real words, they are worth a look."""
_BY_KIND = {"silent": Finding.SILENT, "conflict": Finding.CONFLICT}  # policies_kb.answering.AnswerKind
_FEWEST_WORDS = 3
_MOST_VOTES = 1_000
_log = structlog.get_logger("bot.noting")


@dataclass
class Noting:
    """Takes notes from the loop and from threads; drain() writes them down, called by one round at a time."""

    findings: "Findings"
    clock: Callable[[], datetime]
    _waiting: "deque[Asked]" = field(default_factory=deque)
    _voted: "OrderedDict[str, None]" = field(default_factory=OrderedDict)

    def noted(self, policy: str, version: str, text: str, reply: "Reply", spoken: Collection[str] = ()) -> None:
        """Look at one answered turn. text: what was typed, masked; a pressed button is no question. Never raises.

        spoken: the names of the responses that were said, which Rasa gives with each message as "utter_action".
        """
        answer = reply.answer or {}
        kind = _BY_KIND.get(str(answer.get("kind")))
        if kind is not None:
            self._put(Asked(policy, version, kind, str(answer.get("topic") or ""), Redacted(text)))
        elif not answer and not reply.request and not NOT_ANSWERED.isdisjoint(spoken):
            self._put(Asked(policy, version, Finding.UNANSWERED, "", Redacted(text)))

    def voted(self, vote: "Vote") -> None:
        """Look at one vote; the same message counts once, however often its reader changes their mind. Never raises."""
        if vote.is_right or not vote.question.reveal().strip():
            return
        message = hashlib.sha256(f"{vote.conversation}:{vote.message_id}".encode()).hexdigest()
        if message in self._voted:
            return
        self._voted[message] = None
        while len(self._voted) > _MOST_VOTES:
            self._voted.popitem(last=False)
        self._put(Asked(vote.policy, vote.version, Finding.VOTED_WRONG, vote.topic, vote.question))

    def drain(self) -> int:
        """Write down what waits; gives how many. Raises StoreError: then it goes on waiting."""
        done = 0
        while batch := [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]:
            kept = [one for one in map(_masked, batch) if _is_keepable(one)]
            try:
                self.findings.note_all(kept, self.clock())
            except StoreError:
                self._waiting.extendleft(reversed(batch))
                raise
            done += len(kept)
        return done

    def _put(self, asked: Asked) -> None:
        if len(self._waiting) >= MOST_WAITING:
            _log.warning("finding_dropped", policy=asked.policy, kind=asked.kind.value)
            return
        self._waiting.append(asked)


def _masked(asked: Asked) -> Asked:
    """Masked a second time, in case a channel did not; an overlong one is cut."""
    text = " ".join(asked.question.reveal().split())[:LONGEST_QUESTION]
    masked = mask(text)
    question = masked.text[:LONGEST_QUESTION] if masked.found else text
    return Asked(asked.policy, asked.version, asked.kind, asked.topic, Redacted(question))


def _is_keepable(asked: Asked) -> bool:
    try:
        check(asked)
    except InputError:
        return False
    return asked.kind is not Finding.UNANSWERED or _is_in_words(asked.question.reveal())


def _is_in_words(text: str) -> bool:
    """Three words at least, half of them known: keys pressed at random and greetings are nobody's question."""
    words = ["".join(char for char in word if char.isalpha()).lower() for word in text.split()]
    words = [word for word in words if word]
    return len(words) >= _FEWEST_WORDS and 2 * sum(word in known_words() for word in words) >= len(words)
