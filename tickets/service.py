"""What the fronts call. Every call is one transaction; what it returns is already durable."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from pii.encryption import Vault
from tickets import audit, challenges, contacts, intake, letters, news, proving, rows, steps, views
from tickets.audit import Anchor, AuditReport
from tickets.challenges import Errand, Sent
from tickets.clocks import DEFAULT_TARGET_DAYS, due
from tickets.contacts import KnownContact
from tickets.errors import UnknownRequestError
from tickets.intake import REQUESTER
from tickets.letters import Correspondence, News
from tickets.model import EVERYTHING, Details, Filters, OpenRequest, Proof, Receipt, Summary
from tickets.office import USUAL_LIMITS, Limits, Office
from tickets.references import normalised
from tickets.rows import Row
from tickets.store import Store, Unit
from tickets.vocabulary import Channel, EvidenceKind, Purpose, Status

_UNKNOWN = "there is no such request here"
_WITHOUT_PROOF = "policy"  # who says that no proof is needed
_SITE = "site"  # the company's own site, which vouches for a login


class RequestService:
    """Files requests and looks after them."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        mail: Correspondence,
        *,
        target_days: int = DEFAULT_TARGET_DAYS,
        code_minutes: int = 10,
        hold_hours: int = 72,
        limits: Limits = USUAL_LIMITS,
    ) -> None:
        """target_days: the operator's own aim where no law names a number of days."""
        self._store = store
        self._office = Office(vault, mail, target_days, code_minutes, timedelta(hours=hold_hours), limits)

    def open_request(self, wish: OpenRequest, now: datetime) -> Receipt:
        """File a request: itself, rights, contacts, audit, key and the letter with the code, in one transaction.

        The same key gives the same receipt. Where this conversation has an open request about the same policy with one
        of the rights, that one is given back with created=False; rights it lacks are named in Receipt.missing.
        Raises InputError, ClockError, KeyReusedError (the key came with other content) and StoreError.
        """
        intake.check(wish, now)
        with self._store.unit() as unit:
            found = self._contacts(unit, wish)
            print_of = intake.fingerprint(self._office.vault, wish, found)
            known = rows.remembered(unit, wish)
            if known is not None:
                request_id, receipt = intake.replayed(known, print_of)
                return self._with_hint(unit, request_id, receipt)
            request_id, receipt = self._existing(unit, wish, now) or self._file(unit, wish, found, now)
            rows.remember(unit, wish, print_of, request_id, receipt, now)
            receipt = self._with_hint(unit, request_id, receipt)
            unit.commit()
        return receipt

    def _contacts(self, unit: Unit, wish: OpenRequest) -> tuple[KnownContact, ...]:
        """The account's contacts, then those that were only mentioned."""
        own = contacts.held(unit, self._office.vault, wish.conversation, wish.contacts)
        told = contacts.held(unit, self._office.vault, wish.conversation, wish.mentioned)
        return *own, *(replace(one, is_account=False) for one in told if one not in own)

    def _existing(self, unit: Unit, wish: OpenRequest, now: datetime) -> tuple[str, Receipt] | None:
        row = None if wish.referred_to else rows.open_overlapping(unit, wish)
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
            proof=self._proof_of(unit, row, now),
        )
        return row["id"], receipt

    def _proof_of(self, unit: Unit, row: Row, now: datetime) -> Proof:
        """Where an open request stands with its proof."""
        if row["verified_at"]:
            return Proof.NOT_NEEDED
        challenge = challenges.of(unit, row["id"], row["conversation"], Purpose.PROVE)
        if challenge is not None:
            waits = challenge["used_at"] is None and challenge["expires_at"] > now
            return Proof.CODE_SENT if waits else Proof.BY_STAFF if challenge["used_at"] else Proof.LATER
        mailable = contacts.address_of(contacts.of_request(unit, self._office.vault, row["id"]))
        return Proof.LATER if mailable and Channel(row["channel"]) is not Channel.STAFF else Proof.BY_STAFF

    def _file(
        self, unit: Unit, wish: OpenRequest, found: tuple[KnownContact, ...], now: datetime
    ) -> tuple[str, Receipt]:
        aim = self._office.target_days
        clock = due(wish.regimes, wish.rights, now, country=wish.country, target_days=aim)
        request_id = secrets.token_hex(16)
        filer = wish.filer or f"{REQUESTER}:{wish.conversation}"
        reference = rows.insert(unit, request_id, wish, filer, clock, now, aim)
        rights = rows.in_order(wish.rights)
        actor = wish.filer or REQUESTER
        detail = {"channel": wish.channel.value, "rights": [right.value for right in rights]}
        audit.append(unit, audit.Entry(now, request_id, actor, "opened", None, Status.RECEIVED, detail))
        row = rows.by_id(unit, request_id)
        if row is None:
            raise UnknownRequestError(_UNKNOWN)
        row, proof = self._with_proof(unit, wish, row, found, now)
        receipt = Receipt(reference, rights, now, Status(row["status"]), clock, created=True, proof=proof)
        return request_id, receipt

    def _with_proof(
        self, unit: Unit, wish: OpenRequest, row: Row, found: tuple[KnownContact, ...], now: datetime
    ) -> tuple[Row, Proof]:
        """What a new request needs before it can be worked on: nothing, a code, staff; or it is another party's."""
        if wish.referred_to:
            named = {"referred_to": wish.referred_to}
            actor = wish.filer or REQUESTER
            return steps.move(unit, row, Status.REFERRED, "referred", actor, now, change=named), Proof.NOT_NEEDED
        contacts.attach(unit, self._office.vault, row["id"], found)
        if wish.channel is Channel.STAFF:
            news.tell(unit, self._office, row, News.RECEIVED, now, letters.Details(answer_by=row["answer_by"]))
        if EvidenceKind.LOGIN_TOKEN in wish.evidence:
            rows.add_evidence(unit, row["id"], EvidenceKind.LOGIN_TOKEN, _SITE, now)
        if intake.needs_no_proof(wish):
            rows.add_evidence(unit, row["id"], EvidenceKind.NOT_REQUIRED, _WITHOUT_PROOF, now)
        row = proving.settle(unit, self._office, row, _WITHOUT_PROOF, now)
        if row["verified_at"]:
            return row, Proof.NOT_NEEDED
        address = contacts.address_of(found)
        if address is None or wish.channel is Channel.STAFF:
            return row, Proof.BY_STAFF  # who wrote or called has no conversation to type a code into
        errand = Errand(row, wish.conversation, wish.channel, Purpose.PROVE, address)
        return self._asked(unit, errand, now)

    def _asked(self, unit: Unit, errand: Errand, now: datetime) -> tuple[Row, Proof]:
        if challenges.send(unit, self._office, errand, now) is not Sent.SENT:
            return errand.row, Proof.LATER
        return challenges.asked(unit, errand.row, now), Proof.CODE_SENT

    def _with_hint(self, unit: Unit, request_id: str, receipt: Receipt) -> Receipt:
        if receipt.proof is not Proof.CODE_SENT:
            return receipt
        address = contacts.address_of(contacts.of_request(unit, self._office.vault, request_id))
        return replace(receipt, sent_to=contacts.hint(address.kind, address.value)) if address else receipt

    def withdraw(self, reference: str, conversation: str, now: datetime) -> Summary:
        """Take a request back, for the conversation that filed it or was given access by a code. Twice changes nothing.

        Raises UnknownRequestError, the same for a missing request and another person's, and MoveError for one that is
        closed already.
        """
        intake.check_time(now)
        with self._store.unit() as unit:
            row = _reached(unit, reference, conversation)
            if row is None:
                raise UnknownRequestError(_UNKNOWN)
            if Status(row["status"]) is not Status.WITHDRAWN:
                row = steps.move(unit, row, Status.WITHDRAWN, "withdrawn", REQUESTER, now)
                unit.commit()
            return rows.summary(unit, row)

    def status_of(self, conversation: str) -> tuple[Summary, ...]:
        """Everything that was filed in this conversation or opened to it by a code, newest first."""
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
            return views.details(unit, self._office.vault, row)

    def verify_audit(self, anchor: Anchor | None = None) -> AuditReport:
        """Check the audit trail, against an anchor kept outside if there is one."""
        with self._store.reading() as unit:
            return audit.verify(unit, anchor)


def _reached(unit: Unit, reference: str, conversation: str) -> Row | None:
    """The request, if that conversation may act on it; the same is looked up and compared if there is none."""
    row = rows.by_reference(unit, normalised(reference))
    granted = rows.is_granted(unit, row["id"] if row is not None else "", conversation)
    owner = row["conversation"] if row is not None else ""
    own = secrets.compare_digest(owner.encode(), conversation.encode())
    return row if row is not None and (own or granted) else None
