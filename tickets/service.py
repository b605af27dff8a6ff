"""What the fronts call. Every call is one transaction; what it returns is already durable."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime

from pii.masking import mask
from tickets import audit, rows
from tickets.audit import Anchor, AuditReport
from tickets.clocks import DEFAULT_TARGET_DAYS, due
from tickets.errors import InputError, KeyReusedError, MoveError, UnknownRequestError
from tickets.model import EVERYTHING, Details, Filters, OpenRequest, Receipt, Summary
from tickets.moves import check_move
from tickets.references import normalised
from tickets.store import Store, Unit
from tickets.tables import MAX_NAME, MAX_TEXT
from tickets.vocabulary import Channel, Status

REQUESTER = "requester"
_UNKNOWN = "there is no such request here"


class RequestService:
    """Files requests and looks after them."""

    def __init__(self, store: Store, *, target_days: int = DEFAULT_TARGET_DAYS) -> None:
        """target_days: the operator's own aim where no law names a number of days."""
        self._store = store
        self._target_days = target_days

    def open_request(self, wish: OpenRequest, now: datetime) -> Receipt:
        """File a request: itself, its rights, its audit entry and its key in one transaction.

        The same key gives the same receipt. Where this conversation has an open request about the same policy with one
        of the rights, that one is given back with created=False; rights it lacks are named in Receipt.missing.
        Raises InputError, ClockError, KeyReusedError (the key came with other content) and StoreError.
        """
        _check_input(wish, now)
        with self._store.unit() as unit:
            known = rows.remembered(unit, wish)
            if known is not None:
                return _replayed(known, _fingerprint(wish))
            receipt = self._found_or_filed(unit, wish, now)
            unit.commit()
        return receipt

    def _found_or_filed(self, unit: Unit, wish: OpenRequest, now: datetime) -> Receipt:
        request_id, receipt = self._existing(unit, wish) or self._file(unit, wish, now)
        rows.remember(unit, wish, _fingerprint(wish), request_id, receipt, now)
        return receipt

    def _existing(self, unit: Unit, wish: OpenRequest) -> tuple[str, Receipt] | None:
        row = rows.open_overlapping(unit, wish)
        if row is None:
            return None
        found = rows.summary(unit, row)
        receipt = Receipt(
            reference=found.reference,
            rights=found.rights,
            received=found.received,
            status=found.status,
            clock=rows.clock_of(row),
            created=False,
            missing=rows.in_order(wish.rights - set(found.rights)),
        )
        return row["id"], receipt

    def _file(self, unit: Unit, wish: OpenRequest, now: datetime) -> tuple[str, Receipt]:
        clock = due(wish.regimes, wish.rights, now, country=wish.country, target_days=self._target_days)
        request_id = secrets.token_hex(16)
        filer = wish.filer or f"{REQUESTER}:{wish.conversation}"
        reference = rows.insert(unit, request_id, wish, filer, clock, now)
        rights = rows.in_order(wish.rights)
        entry = audit.Entry(
            at=now,
            request_id=request_id,
            actor=wish.filer or REQUESTER,
            action="opened",
            from_status=None,
            to_status=Status.RECEIVED,
            detail={"channel": wish.channel.value, "rights": [right.value for right in rights]},
        )
        audit.append(unit, entry)
        return request_id, Receipt(reference, rights, now, Status.RECEIVED, clock, created=True)

    def withdraw(self, reference: str, conversation: str, now: datetime) -> Summary:
        """Take a request back, for the conversation that filed it. Withdrawing twice changes nothing.

        Raises UnknownRequestError, the same for a missing request and another person's, and MoveError for one that is
        closed already.
        """
        _check_time(now)
        with self._store.unit() as unit:
            row = rows.by_reference(unit, normalised(reference))
            if row is None or not secrets.compare_digest(row["conversation"].encode(), conversation.encode()):
                raise UnknownRequestError(_UNKNOWN)
            if Status(row["status"]) is not Status.WITHDRAWN:
                self._move(unit, row, Status.WITHDRAWN, "withdrawn", REQUESTER, now)
                unit.commit()
            return _refreshed(unit, row)

    def _move(self, unit: Unit, row: rows.Row, to: Status, action: str, actor: str, now: datetime) -> None:
        """The one way a status changes: by the table, past its guards, with an entry in the trail."""
        case = rows.case_of(row)
        check_move(case, to)
        if not rows.set_status(unit, row, to, now):
            raise MoveError("somebody else changed this request in the meantime: look at it again")
        audit.append(unit, audit.Entry(now, row["id"], actor, action, case.status, to, {}))

    def status_of(self, conversation: str) -> tuple[Summary, ...]:
        """Everything that was filed in this conversation, newest first."""
        with self._store.reading() as unit:
            return rows.of_conversation(unit, conversation)

    def listing(self, filters: Filters = EVERYTHING) -> tuple[Summary, ...]:
        """Requests of all people, for staff, those due first at the top."""
        with self._store.reading() as unit:
            return rows.listed(unit, filters)

    def show(self, reference: str) -> Details:
        """One request, for staff. Raises UnknownRequestError."""
        with self._store.reading() as unit:
            row = rows.by_reference(unit, normalised(reference))
            if row is None:
                raise UnknownRequestError(_UNKNOWN)
            return rows.details(unit, row)

    def verify_audit(self, anchor: Anchor | None = None) -> AuditReport:
        """Check the audit trail, against an anchor kept outside if there is one."""
        with self._store.reading() as unit:
            return audit.verify(unit, anchor)


def _refreshed(unit: Unit, row: rows.Row) -> Summary:
    current = rows.by_reference(unit, row["reference"])
    if current is None:
        raise UnknownRequestError(_UNKNOWN)
    return rows.summary(unit, current)


def _replayed(known: tuple[str, Receipt], fingerprint: str) -> Receipt:
    before, receipt = known
    if before != fingerprint:
        raise KeyReusedError("this key was used for another request: a new filing needs a new key")
    return receipt


def _fingerprint(wish: OpenRequest) -> str:
    """Equal for equal content; the key itself is left out."""
    fields = [
        wish.policy,
        wish.policy_version,
        sorted(right.value for right in wish.rights),
        wish.channel.value,
        wish.conversation,
        wish.text,
        sorted(regime.value for regime in wish.regimes),
        wish.country,
        wish.filer,
    ]
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


def _check_input(wish: OpenRequest, now: datetime) -> None:
    _check_time(now)
    names = {
        "policy": wish.policy,
        "policy version": wish.policy_version,
        "conversation": wish.conversation,
        "idempotency key": wish.idempotency_key,
    }
    for name, value in names.items():
        if not 0 < len(value) <= MAX_NAME:
            raise InputError(f"the {name} must have 1 to {MAX_NAME} characters")
        if "\0" in value:
            raise InputError(f"the {name} holds a NUL character, which a database refuses")
    if not wish.rights:
        raise InputError("a request needs at least one right")
    if wish.channel is Channel.STAFF and not wish.filer:
        raise InputError("a request entered by staff names the member of staff as its filer")
    _check_filer(wish)
    _check_text(wish.text)


def _check_filer(wish: OpenRequest) -> None:
    # The default filer, "requester:" and the conversation, must fit the column as well.
    longest = MAX_NAME - len(REQUESTER) - 1
    if len(wish.conversation) > longest or len(wish.filer) > MAX_NAME or "\0" in wish.filer:
        raise InputError(f"a conversation has at most {longest} characters, a filer {MAX_NAME}, neither a NUL")


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise InputError(f"the text must have at most {MAX_TEXT:,} characters")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InputError("the text holds a character that a database refuses (NUL or half a surrogate pair)")
    if mask(text).found:
        raise InputError("the text still holds an e-mail address or a phone number: mask it first")


def _check_time(now: datetime) -> None:
    if now.tzinfo is None:
        raise InputError("the time has no zone: pass an aware datetime in UTC")
