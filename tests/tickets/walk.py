"""The ground of the walk over all actions: one database, and what must never be true in it."""

from __future__ import annotations

import hmac
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from conftest import NOW
from house import FAR, WRONG, House
from hypothesis.stateful import RuleBasedStateMachine, invariant
from test_tickets_moves import ALLOWED

from pii.redacted import Redacted
from tickets.errors import ConstraintError, TicketError
from tickets.store import Store
from tickets.tables import audit, request_rights, requests
from tickets.tables_proof import challenges, evidence

# Written out by hand, so that a wrong table in the code does not make the check agree with it.
TWO = {"access", "deletion", "correction", "portability", "parental_review", "parental_delete"}
ONE = {"restriction", "objection", "withdraw_consent", "parental_stop_collection"}
DESTROYED = {"deletion", "parental_delete"}
EXECUTED = {"fulfilled", "partly_fulfilled"}
PROVEN = EXECUTED | {"verified", "in_progress", "awaiting_requester", "awaiting_controller"}

done: Counter[str] = Counter()
"""What happened on all walks together, by name; refusals with the name of their error."""


class Ground(RuleBasedStateMachine):
    """One database and everything that acts on it. What is refused with one of our errors is part of the game."""

    template: Path
    folder = Path("/dev/shm") if Path("/dev/shm").is_dir() else None

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(dir=self.folder))
        self.store = self._opened()
        self.compared: Counter[str] = Counter()
        self.house = House(self.store, FAR, self._compare)
        self.now, self.key = NOW, 0
        self.references: list[str] = []
        self.tokens: list[Redacted] = []
        self.shown_by_code: set[str] = set()
        self.last: dict[str, str] = {}
        self.seen_entries = 0

    def _opened(self) -> Store:
        path = self.place / "walk.db"
        shutil.copyfile(self.template, path)
        store = Store(f"sqlite:///{path}")
        # Power loss is not what is looked for here.
        sa.event.listen(store.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        return store

    def _compare(self, one: str, other: str) -> bool:
        self.compared[one] += 1
        return hmac.compare_digest(one, other)

    def teardown(self) -> None:
        try:
            assert self.house.service.verify_audit().intact
            assert max(self.compared.values(), default=0) <= 5
        finally:
            self.store.close()
            shutil.rmtree(self.place)

    def tried(self, name: str, act: Callable[[], Any]) -> Any:
        """Do it; a refusal in our own words is an answer too."""
        done["actions"] += 1
        try:
            result = act()
        except TicketError as error:
            assert not isinstance(error, ConstraintError), "the database held what the code should have kept"
            done[f"{name}: {type(error).__name__}"] += 1
            return None
        done[name] += 1
        return result

    def reference(self, which: int) -> str:
        return self.references[which % len(self.references)]

    def chat_of(self, reference: str) -> str:
        return str(self.house.row(reference)["conversation"])

    def newest_code(self, reference: str, kind: str) -> Redacted:
        return self.house.code(reference, kind) if self.house.letters(reference, kind) else WRONG

    @invariant()
    def nothing_is_true_that_must_not_be(self) -> None:
        with self.store.reading() as unit:
            for row in unit.execute(sa.select(requests)).mappings().all():
                check_request(unit, row)
            own = sa.select(requests.c.reference).join(evidence, evidence.c.request_id == requests.c.id)
            own = own.where(evidence.c.kind == "mailbox_control", evidence.c.actor == "requester")
            assert set(unit.execute(own).scalars()) <= self.shown_by_code, "a mailbox is shown only by its code"
            over = sa.select(challenges.c.id).where(sa.or_(challenges.c.tries > 5, challenges.c.sends > 3))
            assert unit.execute(over).first() is None
            self._check_moves(unit)

    def _check_moves(self, unit: Any) -> None:
        newer = sa.select(audit).where(audit.c.sequence > self.seen_entries).order_by(audit.c.sequence)
        for entry in unit.execute(newer).mappings():
            self.seen_entries = entry["sequence"]
            before, after = self.last.get(entry["request_id"]), entry["to_status"]
            assert entry["from_status"] == before
            assert before in (None, after) or after in ALLOWED.get(before or "", "").split(), (before, after)
            self.last[entry["request_id"]] = after
        stored = {row.id: row.status for row in unit.execute(sa.select(requests.c.id, requests.c.status))}
        assert stored == self.last, "a status changed past the trail"


def check_request(unit: Any, row: Any) -> None:
    """What holds for every request at every moment. ALLOWED has no move from a closed status, so none reopens."""
    assert row["answer_by"] and row["filer"], "an owner and a date"
    assert (row["closed_at"] is None) == (row["status"] in ALLOWED)
    if row["status"] in PROVEN or row["verified_at"]:
        assert row["verified_at"] and is_proven(unit, row["id"]), "worked on without proof"
    if row["status"] in EXECUTED:
        assert row["approver"] and row["approver"] != row["filer"]
    if row["status"] in EXECUTED and rights_of(unit, row["id"]) & DESTROYED:
        assert row["hold_until"] and row["closed_at"] >= row["hold_until"], "done while on hold"
        assert row["hold_until"] >= row["verified_at"] + timedelta(hours=72)
        closing = sa.select(audit.c.actor).where(audit.c.request_id == row["id"], audit.c.to_status == row["status"])
        assert unit.execute(closing).scalars().first() != row["approver"], "one person alone"
    if row["status"] == "duplicate":
        assert row["duplicate_of"] not in (None, row["id"])


def rights_of(unit: Any, request_id: str) -> set[str]:
    own = sa.select(request_rights.c.right).where(request_rights.c.request_id == request_id)
    return set(unit.execute(own).scalars())


def is_proven(unit: Any, request_id: str) -> bool:
    """By hand, from the rows."""
    rights = rights_of(unit, request_id)
    shown = set(unit.execute(sa.select(evidence.c.kind).where(evidence.c.request_id == request_id)).scalars())
    strong = shown & {"login_token", "staff_record_match"}
    if rights & TWO:
        return bool(strong) and len(shown - {"not_required"}) >= 2
    return bool(strong) or not rights & ONE
