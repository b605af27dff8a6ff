"""What staff do with a request beside deciding it: take it, write about it, write to its person, look at a contact.

Each is one transaction with its entry in the trail. `seen` is the version that was on the screen (Details.version): if
somebody changed the request since, nothing is done and MoveError says so. actor and staff_id are opaque ids. All raise
UnknownRequestError, MoveError, InputError and StoreError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from pii.masking import mask
from pii.redacted import Redacted
from tickets import answering, contacts, news, presence, remarks, rows, staff_filing, steps
from tickets.clocks import DEFAULT_TARGET_DAYS
from tickets.contacts import ContactBox
from tickets.decisions import Decisions
from tickets.errors import InputError, MoveError, UnknownRequestError
from tickets.intake import check_name, check_time
from tickets.letters import Correspondence, Details, News
from tickets.model import Receipt, Summary
from tickets.office import Office
from tickets.references import normalised
from tickets.remarks import RemarkSaid
from tickets.rows import Row
from tickets.service import RequestService
from tickets.staff_filing import Manner, StaffFiling
from tickets.store import Store, Unit
from tickets.tables_staff import staff
from tickets.vocabulary import Channel, ContactKind, Remark, Role

__all__ = ["Handling", "Manner", "RemarkSaid", "Revealed", "StaffFiling"]

_COLLIDED = "somebody else changed this request in the meantime: look at it again"
_ERASED = "the person was taken out of this request: nothing more is written about it"


@dataclass(frozen=True)
class Revealed:
    """A contact that was looked at."""

    kind: ContactKind
    value: Redacted


class Handling:
    """Everything beside the decisions."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        mail: Correspondence,
        *,
        target_days: int = DEFAULT_TARGET_DAYS,
        hold_hours: int = 72,
    ) -> None:
        """target_days, hold_hours: as for RequestService, which files what staff enter."""
        self._store = store
        self._office = Office(vault, mail, target_days, hold=timedelta(hours=hold_hours))
        self._box = ContactBox(store, vault)
        self._requests = RequestService(store, vault, mail, target_days=target_days, hold_hours=hold_hours)
        self._decisions = Decisions(store, vault, mail, hold_hours=hold_hours)

    def claim(self, reference: str, staff_id: str, now: datetime, *, seen: int | None = None) -> Summary:
        """Take an open request that nobody has. Of two who try, one gets it; one's own is left as it is."""
        with self._at_work(reference, staff_id, now, seen) as (unit, row):
            if row["assignee"] not in (None, staff_id):
                raise MoveError("somebody else has taken this request already")
            return self._given(unit, row, staff_id, "claimed", staff_id, now)

    def assign(
        self, reference: str, to_staff_id: str, actor: str, now: datetime, *, seen: int | None = None
    ) -> Summary:
        """Give an open request to a member of staff, whoever has it."""
        with self._at_work(reference, actor, now, seen) as (unit, row):
            _check_can_work(unit, to_staff_id)
            return self._given(unit, row, to_staff_id, "assigned", actor, now)

    def release(self, reference: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """Let an open request be anybody's again."""
        with self._at_work(reference, actor, now, seen) as (unit, row):
            return self._given(unit, row, None, "released", actor, now)

    def note(self, reference: str, text: str, actor: str, now: datetime, *, seen: int | None = None) -> None:
        """Write something for staff alone. Contacts in it are masked: reading a note is not logged as looking is."""
        remarks.check_text(text)
        with self._writing(reference, actor, now, seen) as (unit, row):
            steps.note(unit, row, "noted", actor, now, bears=False)
            remarks.add(unit, self._office.vault, row["id"], Remark.NOTE, actor, mask(text).text, now)
            unit.commit()

    def reply(self, reference: str, text: str, actor: str, now: datetime, *, seen: int | None = None) -> None:
        """Write to the person: in the conversation where they asked, and by mail where the mailbox is proven.

        It outdates what others see on their screens, so that nobody decides past it. Raises MoveError where the person
        cannot be reached from here.
        """
        remarks.check_text(text)
        with self._writing(reference, actor, now, seen) as (unit, row):
            self._check_reachable(unit, row)
            row = steps.note(unit, row, "replied", actor, now)
            remarks.add(unit, self._office.vault, row["id"], Remark.REPLY, actor, text, now)
            news.tell(unit, self._office, row, News.REPLIED, now, Details(reply=text))
            unit.commit()

    def remarks(self, reference: str) -> tuple[RemarkSaid, ...]:
        """All that was said about a request and to its person, oldest first."""
        with self._store.reading() as unit:
            return remarks.of_request(unit, self._office.vault, _found(unit, reference)["id"])

    def awaits_answer(self, conversation: str) -> str:
        """The reference of the request of this conversation whose question waits for an answer; empty if none."""
        with self._store.reading() as unit:
            row = answering.waiting(unit, conversation)
            return str(row["reference"]) if row is not None else ""

    def answered(self, conversation: str, text: str, now: datetime, handles: tuple[str, ...] = ()) -> bool:
        """Pass on the person's typed answer to the question of staff: it is kept, and the work and the clock go on.

        handles: of the contacts that intake took out of the words; they come to the request as mentioned. False if no
        request of this conversation waits, as for a message that comes a second time.
        """
        check_time(now)
        remarks.check_text(text)
        with self._store.unit() as unit:
            heard = answering.hear(unit, self._office.vault, conversation, text, handles, now)
            unit.commit()
        return heard

    def reveal(self, reference: str, actor: str, reason: str, now: datetime) -> tuple[Revealed, ...]:
        """The contacts themselves. Who looked and why is in the trail before anything is shown."""
        shown = self._decisions.reveal_contact(reference, actor, reason, now)
        return tuple(Revealed(one.kind, one.value) for one in shown)

    def looking(self, reference: str, staff_id: str, now: datetime) -> tuple[str, ...]:
        """Note that somebody has the request open; gives the ids of the others who had it open within a minute."""
        check_time(now)
        with self._store.reading() as unit:
            request_id = _found(unit, reference)["id"]
        return presence.look(self._store, request_id, staff_id, now)

    def file_for(self, wish: StaffFiling, actor: str, now: datetime) -> Receipt:
        """Enter a request that came by phone, mail or letter; its clock runs from the day on which it came."""
        check_name("actor", actor)
        check_time(now)
        return staff_filing.enter(self._store, self._requests, self._box, wish, actor, now)

    def _given(self, unit: Unit, row: Row, to: str | None, action: str, actor: str, now: datetime) -> Summary:
        if row["assignee"] != to:
            detail = {"to": to} if action == "assigned" else {}
            row = steps.note(unit, row, action, actor, now, change={"assignee": to}, detail=detail)
            unit.commit()
        return rows.summary(unit, row)

    def _check_reachable(self, unit: Unit, row: Row) -> None:
        if Channel(row["channel"]) is Channel.STAFF:
            known = contacts.of_request(unit, self._office.vault, row["id"])
            if contacts.address_of(known) is None:
                raise MoveError("this request has no address to write to: reach the person the way they came")

    @contextmanager
    def _at_work(self, reference: str, actor: str, now: datetime, seen: int | None) -> Iterator[tuple[Unit, Row]]:
        with self._changing(reference, actor, now, seen) as (unit, row):
            if row["closed_at"]:
                raise MoveError("a closed request is nobody's work any more")
            yield unit, row

    @contextmanager
    def _writing(self, reference: str, actor: str, now: datetime, seen: int | None) -> Iterator[tuple[Unit, Row]]:
        with self._changing(reference, actor, now, seen) as (unit, row):
            if row["pseudonymised_at"]:
                raise MoveError(_ERASED)
            yield unit, row

    @contextmanager
    def _changing(self, reference: str, actor: str, now: datetime, seen: int | None) -> Iterator[tuple[Unit, Row]]:
        check_time(now)
        check_name("actor", actor)
        with self._store.unit() as unit:
            row = _found(unit, reference)
            if seen is not None and row["row_version"] != seen:
                raise MoveError(_COLLIDED)
            yield unit, row


def _found(unit: Unit, reference: str) -> Row:
    row = rows.by_reference(unit, normalised(reference))
    if row is None:
        raise UnknownRequestError("there is no such request here")
    return row


def _check_can_work(unit: Unit, staff_id: str) -> None:
    able = (staff.c.id == staff_id, staff.c.is_disabled.is_(False), staff.c.role != Role.VIEWER.value)
    if unit.execute(sa.select(staff.c.id).where(*able)).first() is None:
        raise InputError("a request is given to a member of staff who may work on it")
