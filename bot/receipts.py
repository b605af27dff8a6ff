"""Receipts of answers: a signed link that opens an answer again, as it was said.

A receipt holds which release and which version answered, the clauses by id, and the words of ours around them; no
question and nothing of the person who asked. The quotes themselves come from the version's compiled text, never from
the link. What is not kept anywhere else cannot be lost: receipts live in the links alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from itsdangerous import BadSignature, URLSafeSerializer

from pii.redacted import Redacted
from policies_kb.model import Clause, PolicyVersion

if TYPE_CHECKING:
    from policies_kb.knowledge import Policy

PATH = "/receipt/"
LONGEST = 3_500  # characters of a token; an answer that needs more gets no receipt
_KEY = re.compile(r"-([0-9a-f]{6}(?:-\d+)?)\Z")  # an id's fingerprint of its clause's text


class ReceiptError(ValueError):
    """A token that this desk did not make, or not all of it."""


@dataclass(frozen=True)
class Quoted:
    """A quote by its place. key: the clause's id, or the end of it that tells it from all others."""

    version: str
    key: str
    role: str
    label: str

    def clause(self, version: PolicyVersion) -> Clause | None:
        """The clause in that version's text."""
        found = [one for one in version.clauses if one.id == self.key or one.id.endswith(f"-{self.key}")]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True)
class Receipt:
    """What was said. release: 0 outside a release; version: the current one of that day; lead: the introduction."""

    release: int
    policy: str
    version: str
    said: datetime
    kind: str
    topic: str
    lead: str
    quotes: tuple[Quoted, ...] = ()
    steps: tuple[str, ...] = ()
    note: str = ""
    condition: str = ""
    more: str = ""  # of an answer about changes: the page that shows all of them


class Receipts:
    """Writes and reads them."""

    def __init__(self, secret: Redacted, clock: Callable[[], datetime]) -> None:
        self._signer = URLSafeSerializer(secret.reveal(), salt="receipt")
        self._clock = clock

    def now(self) -> datetime:
        """The time of a turn: a turn is looked at more than once, and its receipts must be the same each time."""
        return self._clock()

    def add(self, messages: Sequence[dict[str, Any]], policy: "Policy", release: int, said: datetime) -> None:
        """Give each answer of a turn its receipt and its release. messages: as bot.rasa_agent.whole gives them."""
        for message in messages:
            data, lead = message["data"], message["text"]
            if not data.get("answer"):
                continue
            more = [
                self._with_receipt(answer, lead, policy, release, said) for answer in data.get("more_answers") or ()
            ]
            answer = self._with_receipt(data["answer"], lead, policy, release, said)
            message["data"] = {**data, "answer": answer, "more_answers": more}

    def _with_receipt(
        self, answer: dict[str, Any], lead: str, policy: "Policy", release: int, said: datetime
    ) -> dict[str, Any]:
        return {**answer, "release": release, "receipt": self.path(answer, lead, policy, release, said)}

    def path(self, answer: dict[str, Any], lead: str, policy: "Policy", release: int, said: datetime) -> str:
        """Where the answer can be opened again; empty for one that is too long for a link."""
        current = policy.current.version
        quotes = [
            [_key_of(quote["clause"]), quote["role"], quote["label"]]
            + ([] if quote["version"] == current else [quote["version"]])
            for quote in answer["quotes"]
        ]
        minute = int(said.timestamp() // 60)
        record = [release, policy.profile.policy, current, minute, answer["kind"], answer["topic"], lead, quotes]
        around = [answer["steps"], answer["note"], answer["condition"], answer.get("more", "")]
        token = str(self._signer.dumps([*record, *(around if any(around) else ())]))
        return f"{PATH}{token}" if len(token) <= LONGEST else ""

    def read(self, token: str) -> Receipt:
        """Raises ReceiptError for a token that was not made here, or was cut."""
        try:
            if len(token) > LONGEST:
                raise ReceiptError
            release, policy, version, minute, kind, topic, lead, quotes, *around = self._signer.loads(token)
            steps, note, condition, more = around or ([], "", "", "")
            quoted = tuple(Quoted((rest or [version])[0], key, role, label) for key, role, label, *rest in quotes)
            said = datetime.fromtimestamp(minute * 60, timezone.utc)
        except (BadSignature, ValueError, TypeError) as error:
            raise ReceiptError("no receipt of this desk") from error
        return Receipt(release, policy, version, said, kind, topic, lead, quoted, tuple(steps), note, condition, more)


def _key_of(clause: str) -> str:
    found = _KEY.search(clause)
    return found[1] if found else clause
