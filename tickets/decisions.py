"""What staff do with a request. Each decision is one transaction: guard, change, entry in the trail, and its letter.

`seen` is the version of the request that was on the screen (Details.version): if somebody changed it since, nothing is
done and MoveError says so. A decision that was made already is refused by the table of moves, so repeating one does
nothing twice. All raise UnknownRequestError, MoveError, InputError and StoreError.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from typing import Any

from pii.encryption import Vault
from tickets import contacts, news, pausing, proving, right_outcomes, rows, steps
from tickets.contacts import KnownContact
from tickets.errors import InputError, MoveError, UnknownRequestError
from tickets.intake import check_name, check_time
from tickets.letters import NOTHING_MORE, Correspondence, Details, News
from tickets.model import RightResult, Summary
from tickets.moves import check_move
from tickets.office import Office
from tickets.references import normalised
from tickets.rows import Row
from tickets.store import Store, Unit
from tickets.vocabulary import SIGNALS, DelayReason, EvidenceKind, RefusalReason, Status

_LONGEST_QUESTION = 2_000


class Decisions:
    """The moves that belong to staff. actor: an opaque id such as "staff:7", never a name that the trail would keep."""

    def __init__(self, store: Store, vault: Vault, mail: Correspondence, *, hold_hours: int = 72) -> None:
        """hold_hours: how long after proof nothing is destroyed yet."""
        self._store = store
        self._office = Office(vault, mail, hold=timedelta(hours=hold_hours))

    def verify(
        self, reference: str, kind: EvidenceKind, actor: str, now: datetime, *, seen: int | None = None
    ) -> Summary:
        """Write down what shows that the request is the account holder's; verified if that is enough.

        Two signals of which nobody but one member of staff knows are one person's word: the second is refused.
        """
        if kind not in SIGNALS:
            raise InputError("staff record what was shown; that nothing is needed follows from the right")
        with self._deciding(reference, actor, now, seen) as (unit, row):
            if row["closed_at"] or row["verified_at"]:
                raise MoveError("nothing more has to be shown for this request")
            others = [one for one in rows.evidence_of(unit, row["id"]) if one["kind"] != kind.value]
            if actor in {one["actor"] for one in others}:
                raise MoveError("the second signal has to be checked by a second person")
            row = proving.show(unit, self._office, row, kind, actor, now)
            if row["verified_at"]:
                self._tell(unit, row, News.VERIFIED, now, Details(answer_by=row["answer_by"]))
            return self._done(unit, row)

    def start(self, reference: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """Begin the work on a verified request."""
        return self._moved(reference, Status.IN_PROGRESS, "started", actor, now, seen, from_status=Status.VERIFIED)

    def ask_requester(
        self, reference: str, question: str, actor: str, now: datetime, *, seen: int | None = None
    ) -> Summary:
        """Put a question about the scope to the requester. Where the law allows it, the clock stops meanwhile."""
        if not question.strip() or len(question) > _LONGEST_QUESTION or "\0" in question:
            raise InputError(f"a question has 1 to {_LONGEST_QUESTION:,} characters and no NUL")
        with self._deciding(reference, actor, now, seen) as (unit, row):
            row = steps.move(unit, row, Status.AWAITING_REQUESTER, "asked", actor, now)
            pausing.begin(unit, row, now)
            self._tell(unit, row, News.ASKED, now, Details(question=question))
            return self._done(unit, row)

    def heard_requester(self, reference: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """The requester has answered: the work goes on, and the dates move where the law lets the wait count."""
        with self._deciding(reference, actor, now, seen) as (unit, row):
            _check_status(row, Status.AWAITING_REQUESTER)
            pausing.end(unit, row, now)
            change = steps.dates(steps.clock_now(unit, row))
            return self._done(unit, steps.move(unit, row, Status.IN_PROGRESS, "heard", actor, now, change=change))

    def await_controller(self, reference: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """The party that decides about the data has to do something first. This stops no clock."""
        return self._moved(reference, Status.AWAITING_CONTROLLER, "controller_asked", actor, now, seen)

    def heard_controller(self, reference: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """The other party has done it: the work goes on."""
        waiting = Status.AWAITING_CONTROLLER
        return self._moved(reference, Status.IN_PROGRESS, "controller_heard", actor, now, seen, from_status=waiting)

    def extend(
        self, reference: str, reason: DelayReason, actor: str, now: datetime, *, seen: int | None = None
    ) -> Summary:
        """Take the longer period that the law allows, once, within the first one; the notice goes out with it."""
        with self._deciding(reference, actor, now, seen) as (unit, row):
            if row["closed_at"] or row["extended_at"]:
                raise MoveError("a request is extended once, and only while it is open")
            if now.astimezone(timezone.utc).date() > row["answer_by"]:
                raise MoveError("it is too late: the notice has to go out within the first period")
            clock = steps.clock_now(unit, row, extended=True)
            if clock.answer_by <= row["answer_by"]:
                raise MoveError("no law that applies here allows more time")
            change = {"extended_at": now, "extension_reason": reason.value} | steps.dates(clock)
            detail = {"reason": reason.value, "answer_by": clock.answer_by.isoformat()}
            row = steps.note(unit, row, "extended", actor, now, change=change, detail=detail)
            self._tell(unit, row, News.EXTENDED, now, Details(reason=reason, answer_by=row["answer_by"]))
            return self._done(unit, row)

    def longer_date(self, reference: str) -> date:
        """The date that an extension would give, from all that the clock knows."""
        with self._store.reading() as unit:
            extended: date = steps.clock_now(unit, _found(unit, reference), extended=True).answer_by
        return extended

    def approve(self, reference: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """Agree, as somebody other than the filer, that a verified request may be carried out."""
        with self._deciding(reference, actor, now, seen) as (unit, row):
            if row["closed_at"] or not row["verified_at"]:
                raise MoveError("only an open request whose identity is settled can be approved")
            if actor == row["filer"]:
                raise MoveError("who filed a request does not approve it")
            if row["approver"]:
                raise MoveError("this request is approved already")
            return self._done(unit, steps.note(unit, row, "approved", actor, now, change={"approver": actor}))

    def fulfil(self, reference: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """Say that it was done. It needs an approver other than the filer; for a deletion, other than the actor too."""
        return self._closed(reference, Status.FULFILLED, "fulfilled", actor, now, seen, {}, NOTHING_MORE)

    def partly_fulfil(
        self,
        reference: str,
        results: Sequence[RightResult],
        actor: str,
        now: datetime,
        *,
        seen: int | None = None,
    ) -> Summary:
        """Say of each right what became of it: some was done, some was not, with the reason and the clause or law."""
        with self._deciding(reference, actor, now, seen) as (unit, row):
            results = right_outcomes.checked(results, rows.rights_of(unit, row["id"]))
            change = _refusal(*right_outcomes.first_ground(results))
            detail = {**change, "outcomes": right_outcomes.as_detail(results)}
            # The move looks at the case too; but an outcome cannot be written where the request is closed already.
            check_move(steps.case_of(unit, {**row, **change}, actor, now), Status.PARTLY_FULFILLED)
            right_outcomes.write(unit, row["id"], results)
            to, action = Status.PARTLY_FULFILLED, "partly_fulfilled"
            row = steps.move(unit, row, to, action, actor, now, change=change, detail=detail)
            self._tell(unit, row, News(to.value), now, news.with_regimes(Details(results=results), row))
            return self._done(unit, row)

    def refuse(
        self,
        reference: str,
        reason: RefusalReason,
        basis: str,
        actor: str,
        now: datetime,
        *,
        seen: int | None = None,
    ) -> Summary:
        """Refuse, with the reason and the clause or law it rests on; the letter says how to complain."""
        change, details = _refusal(reason, basis), Details(reason=reason, basis=basis)
        return self._closed(reference, Status.DENIED, "refused", actor, now, seen, change, details)

    def refer(self, reference: str, controller: str, actor: str, now: datetime, *, seen: int | None = None) -> Summary:
        """Close a request about which another party decides. controller: how it is known, without personal data."""
        check_name("other party", controller)
        change, details = {"referred_to": controller}, Details(controller=controller)
        return self._closed(reference, Status.REFERRED, "referred", actor, now, seen, change, details)

    def link_duplicate(
        self, reference: str, original: str, actor: str, now: datetime, *, seen: int | None = None
    ) -> Summary:
        """Close a request because another open one about the same policy covers all that it asks for."""
        with self._deciding(reference, actor, now, seen) as (unit, row):
            other = _found(unit, original)
            if other["id"] == row["id"] or other["policy"] != row["policy"] or other["closed_at"]:
                raise MoveError("the original has to be another open request about the same policy")
            if set(rows.rights_of(unit, row["id"])) - set(rows.rights_of(unit, other["id"])):
                raise MoveError("the original does not ask for all of this: nothing would be left of the rest")
            change, detail = {"duplicate_of": other["id"]}, {"original": other["reference"]}
            row = steps.move(unit, row, Status.DUPLICATE, "linked", actor, now, change=change, detail=detail)
            self._tell(unit, row, News.DUPLICATE, now, Details(original=other["reference"]))
            return self._done(unit, row)

    def reveal_contact(self, reference: str, actor: str, reason: str, now: datetime) -> tuple[KnownContact, ...]:
        """The contacts themselves. Who looked and why is in the trail before anything is shown."""
        check_name("reason", reason)
        with self._deciding(reference, actor, now, None) as (unit, row):
            shown = contacts.of_request(unit, self._office.vault, row["id"])
            steps.note(unit, row, "contact_revealed", actor, now, detail={"reason": reason}, bears=False)
            unit.commit()
            return shown

    def _moved(
        self,
        reference: str,
        to: Status,
        action: str,
        actor: str,
        now: datetime,
        seen: int | None,
        *,
        from_status: Status | None = None,
    ) -> Summary:
        with self._deciding(reference, actor, now, seen) as (unit, row):
            if from_status is not None:
                _check_status(row, from_status)
            return self._done(unit, steps.move(unit, row, to, action, actor, now))

    def _closed(
        self,
        reference: str,
        to: Status,
        action: str,
        actor: str,
        now: datetime,
        seen: int | None,
        change: Mapping[str, Any],
        details: Details,
    ) -> Summary:
        with self._deciding(reference, actor, now, seen) as (unit, row):
            # The trail is never erased, and another party may be a person.
            detail = {name: value for name, value in change.items() if name != "referred_to"}
            row = steps.move(unit, row, to, action, actor, now, change=change, detail=detail)
            self._tell(unit, row, News(to.value), now, news.with_regimes(details, row))
            return self._done(unit, row)

    @contextmanager
    def _deciding(self, reference: str, actor: str, now: datetime, seen: int | None) -> Iterator[tuple[Unit, Row]]:
        check_time(now)
        check_name("actor", actor)
        with self._store.unit() as unit:
            row = _found(unit, reference)
            if seen is not None and row["row_version"] != seen:
                raise MoveError("somebody else changed this request in the meantime: look at it again")
            yield unit, row

    def _tell(self, unit: Unit, row: Row, kind: News, now: datetime, details: Details) -> None:
        news.tell(unit, self._office, row, kind, now, details)

    def _done(self, unit: Unit, row: Row) -> Summary:
        summary = rows.summary(unit, row)
        unit.commit()
        return summary


def _found(unit: Unit, reference: str) -> Row:
    row = rows.by_reference(unit, normalised(reference))
    if row is None:
        raise UnknownRequestError("there is no such request here")
    return row


def _check_status(row: Row, status: Status) -> None:
    if Status(row["status"]) is not status:
        raise MoveError(f"this goes on from {status.value}, and the request is {row['status']}")


def _refusal(reason: RefusalReason, basis: str) -> dict[str, Any]:
    check_name("basis", basis)
    return {"refusal_reason": reason.value, "refusal_basis": basis}
