"""Questions that were not answered well, for whoever looks after the policy. Masked and sealed; nobody's conversation.

Equal questions are one row that counts up; near ones are shown as one group. A verdict holds for the version of the
policy that it was given on: asked again about a newer one, the question is open again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import EncryptionError, Sealed, Vault
from pii.masking import mask
from pii.redacted import Redacted
from tickets import deeds
from tickets.errors import InputError
from tickets.finding_groups import FindingGroup, Kept, clusters, grouped, is_alike, kept, plain
from tickets.intake import check_name, check_time
from tickets.store import Store, Unit
from tickets.tables import MAX_NAME
from tickets.tables_staff import findings
from tickets.vocabulary import Finding, Subject, Verdict

__all__ = ["Asked", "FindingGroup", "Findings", "LONGEST_QUESTION", "MOST_OPEN", "check"]

LONGEST_QUESTION = 1_000
"""Characters: what the assistant reads of one message."""
MOST_OPEN = 20_000
"""Open questions that are kept; beyond it those go that were not asked for longest. Nobody can fill the disk."""
_DEEDS = {Verdict.ADDED: "example_added", Verdict.DISMISSED: "finding_dismissed"}
_MOST_COMPARED = 1_000  # of those asked most often


@dataclass(frozen=True)
class Asked:
    """A question that was not answered well. question: masked by pii.masking; topic: may be empty."""

    policy: str
    version: str
    kind: Finding
    topic: str
    question: Redacted


class Findings:
    """Keeps such questions, groups them and remembers what came of them."""

    def __init__(self, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def note(self, policy: str, version: str, kind: Finding, topic: str, question: Redacted, now: datetime) -> None:
        """Keep one question, or count it up. Raises InputError (also for contact data in it) and StoreError."""
        self.note_all([Asked(policy, version, kind, topic, question)], now)

    def note_all(self, asked: Sequence[Asked], now: datetime) -> None:
        """As note, for several in one transaction: all of them or none."""
        check_time(now)
        for one in asked:
            check(one)
        if not asked:
            return
        with self._store.unit() as unit:
            for one in asked:
                self._note(unit, one, now)
            _make_room(unit)
            unit.commit()

    def groups(self, policy: str = "", kind: Finding | None = None, limit: int = 100) -> tuple[FindingGroup, ...]:
        """What is open, asked most often first."""
        rules = [findings.c.verdict == Verdict.OPEN.value]
        if policy:
            rules.append(findings.c.policy == policy)
        if kind is not None:
            rules.append(findings.c.kind == kind.value)
        found = sa.select(findings).where(*rules)
        newest = found.order_by(findings.c.times.desc(), findings.c.last_at.desc(), findings.c.id)
        with self._store.reading() as unit:
            rows = unit.execute(newest.limit(_MOST_COMPARED)).mappings().all()
        together = [grouped(one) for one in clusters([self._opened(row) for row in rows])]
        together.sort(key=lambda group: (-group.times, -group.last_at.timestamp(), group.id))
        return tuple(together[:limit])

    def counts(self, policy: str = "") -> dict[Finding, int]:
        """How many different questions of each kind are open."""
        counted = sa.select(findings.c.kind, sa.func.count()).where(findings.c.verdict == Verdict.OPEN.value)
        if policy:
            counted = counted.where(findings.c.policy == policy)
        with self._store.reading() as unit:
            found = {kind: int(number) for kind, number in unit.execute(counted.group_by(findings.c.kind))}
        return {kind: found.get(kind.value, 0) for kind in Finding}

    def settle(self, finding_id: str, verdict: Verdict, actor: str, now: datetime, *, topic: str = "") -> int:
        """Say what came of a question and of all that are alike; gives how many, 0 if it is not open any more.

        topic: the one under which it was added as an example; with who did it, it is in the audit trail.
        Raises InputError for a verdict that settles nothing, and StoreError.
        """
        check_time(now)
        check_name("actor", actor)
        if verdict is Verdict.OPEN:
            raise InputError("a finding is settled as added or as dismissed")
        with self._store.unit() as unit:
            ids = [one.row["id"] for one in self._same_group(unit, finding_id)]
            still = (findings.c.id.in_(ids), findings.c.verdict == Verdict.OPEN.value)
            changed = sa.update(findings).where(*still).values(verdict=verdict.value, actor=actor)
            settled = int(unit.execute(changed).rowcount)
            # An example that was added stands in a file: it is told of even if somebody settled its question meanwhile.
            if settled or verdict is Verdict.ADDED:
                told = {"topic": topic} if topic else {}
                deeds.note(unit, Subject.FINDING, finding_id, _DEEDS[verdict], actor, now, settled=settled, **told)
            unit.commit()
        return settled

    def _same_group(self, unit: Unit, finding_id: str) -> list[Kept]:
        is_open = findings.c.verdict == Verdict.OPEN.value
        found = unit.execute(sa.select(findings).where(findings.c.id == finding_id, is_open)).mappings().first()
        if found is None:
            return []
        leader = self._opened(found)
        same = (is_open, findings.c.policy == found["policy"], findings.c.kind == found["kind"])
        others = sa.select(findings).where(*same, findings.c.id != finding_id)
        often = others.order_by(findings.c.times.desc(), findings.c.last_at.desc(), findings.c.id)
        rows = unit.execute(often.limit(_MOST_COMPARED)).mappings()
        return [leader, *(one for one in map(self._opened, rows) if is_alike(leader, one))]

    def _note(self, unit: Unit, asked: Asked, now: datetime) -> None:
        question = asked.question.reveal()
        mark = self._vault.ledger_hash(plain(question), "findings")
        same = (findings.c.mark == mark, findings.c.policy == asked.policy, findings.c.kind == asked.kind.value)
        known = unit.execute(sa.select(findings).where(*same)).mappings().first()
        if known is None:
            self._insert(unit, asked, mark, now)
            return
        change: dict[str, Any] = {"times": known["times"] + 1, "last_at": max(now, known["last_at"])}
        if asked.version != known["version"]:
            change |= {"version": asked.version, "verdict": Verdict.OPEN.value, "actor": ""}
        unit.execute(sa.update(findings).where(findings.c.id == known["id"]).values(**change))

    def _insert(self, unit: Unit, asked: Asked, mark: str, now: datetime) -> None:
        row_id = secrets.token_hex(16)
        sealed = self._vault.seal(asked.question, _place(row_id))
        values = {
            "id": row_id,
            "mark": mark,
            "policy": asked.policy,
            "version": asked.version,
            "kind": asked.kind.value,
            "topic": asked.topic,
            "sealed": sealed.data,
            "key_id": sealed.key,
            "first_at": now,
            "last_at": now,
            "verdict": Verdict.OPEN.value,
        }
        unit.execute(sa.insert(findings).values(**values))

    def _opened(self, row: Mapping[str, Any]) -> Kept:
        try:
            question = self._vault.open(Sealed(row["key_id"], row["sealed"]), _place(row["id"])).reveal()
        except EncryptionError:
            question = ""  # one that is damaged must not hide the others
        return kept(row, question)


def check(asked: Asked) -> None:
    """Raise InputError for what cannot be kept."""
    question = asked.question.reveal()
    names = (asked.policy, asked.version, asked.topic)
    if not asked.policy or any(len(name) > MAX_NAME for name in names):
        raise InputError(f"a finding names its policy; names have at most {MAX_NAME} characters")
    if not question.strip() or len(question) > LONGEST_QUESTION:
        raise InputError(f"a finding's question has 1 to {LONGEST_QUESTION:,} characters")
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for text in (*names, question) for char in text):
        raise InputError("a finding holds a character that cannot be kept (NUL or half a surrogate pair)")
    if mask(question).found:
        raise InputError("the question still holds an e-mail address or a phone number: mask it first")


def not_asked_since(before: Mapping[str, datetime]) -> Any:
    """What leaves (see tickets.schedule): what is settled goes sooner than what nobody has looked at yet."""
    is_open = findings.c.verdict == Verdict.OPEN.value
    return sa.or_(
        sa.and_(is_open, findings.c.last_at < before["open_finding"]),
        sa.and_(sa.not_(is_open), findings.c.last_at < before["finding"]),
    )


def _place(row_id: str) -> str:
    return f"findings.sealed:{row_id}"


def _make_room(unit: Unit) -> None:
    is_open = findings.c.verdict == Verdict.OPEN.value
    longest = sa.select(findings.c.id).where(is_open).order_by(findings.c.last_at.desc(), findings.c.id)
    unit.execute(sa.delete(findings).where(findings.c.id.in_(longest.offset(MOST_OPEN).limit(MOST_OPEN))))
