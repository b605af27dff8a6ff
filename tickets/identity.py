"""Showing who asks: codes from the mail, access from another conversation, and the link that stops a request."""

from __future__ import annotations

import hmac
import random
import time
from datetime import datetime, timedelta

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets import challenges, contacts, news, reaching, rows, steps
from tickets.challenges import MOST_SENDS, Errand, Sent
from tickets.checking import Checker, Compare, open_to_a_try, request_of
from tickets.codes import looks_like_code as looks_like_code
from tickets.intake import check_time
from tickets.letters import Correspondence, News
from tickets.model import Summary
from tickets.office import USUAL_LIMITS, Limits, Office
from tickets.outcomes import CodeResult as CodeResult
from tickets.outcomes import Outcome as Outcome
from tickets.outcomes import SendOutcome as SendOutcome
from tickets.outcomes import SendResult as SendResult
from tickets.references import normalised
from tickets.rows import Row
from tickets.store import Store, Unit
from tickets.tables import requests
from tickets.tables_proof import MOST_TRIES
from tickets.tables_proof import challenges as challenge_table
from tickets.vocabulary import Channel, Purpose, Status

_TELEGRAM = "tg:"  # how the conversations of tickets.chats begin
_STOPPER = "stop_link"


class Identity:
    """Checks codes and stop links."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        mail: Correspondence,
        *,
        code_minutes: int = 10,
        hold_hours: int = 72,
        limits: Limits = USUAL_LIMITS,
        compare: Compare = hmac.compare_digest,
        reach_seconds: float = 0.2,
    ) -> None:
        """compare: in constant time; given only so that comparisons can be counted.

        reach_seconds: how long it takes at least where somebody asks for, or types, a code for a request that was filed
        elsewhere, so that the time tells nothing.
        """
        self._store = store
        hold = timedelta(hours=hold_hours)
        self._office = Office(vault, mail, code_minutes=code_minutes, hold=hold, limits=limits)
        self._checker = Checker(self._office, compare)
        self._reach_seconds = reach_seconds

    def awaits_code(self, conversation: str, now: datetime) -> bool:
        """Whether this conversation was told of a code that has neither been used nor run out."""
        with self._store.reading() as unit:
            wish = reaching.found(unit, self._office, conversation)
            own = challenges.unused(unit, conversation, Purpose.PROVE)
        return any(one["expires_at"] > now for one in own) or (wish is not None and wish.expires_at > now)

    def check_code(self, conversation: str, typed: Redacted, now: datetime) -> CodeResult:
        """Try a code on what this conversation waits for, the newest first. Wrong ones count, and are kept count of."""
        check_time(now)
        with self._store.reading() as unit:  # whoever guesses on and on does not queue with those who write
            if not self._is_open_to_a_try(unit, conversation, now):
                return self._without_a_try(unit, conversation)
            reaches = reaching.found(unit, self._office, conversation) is not None
        began = time.monotonic()
        with self._store.unit() as unit:
            results = self._checker.try_all(unit, challenges.unused(unit, conversation, Purpose.PROVE), typed, now)
            if all(result.outcome is not Outcome.RIGHT for result in results):
                results += self._tried_to_reach(unit, conversation, typed, now)
            unit.commit()
            right = [result for result in results if result.outcome is Outcome.RIGHT]
            result = (right or results or [self._without_a_try(unit, conversation)])[0]
        if reaches:
            self._take_time(began)
        return result

    def _is_open_to_a_try(self, unit: Unit, conversation: str, now: datetime) -> bool:
        wish = reaching.found(unit, self._office, conversation)
        own = challenges.unused(unit, conversation, Purpose.PROVE)
        return bool(open_to_a_try(own, now)) or (wish is not None and wish.is_open(now))

    def _without_a_try(self, unit: Unit, conversation: str) -> CodeResult:
        """What to say where nothing may be tried: none is awaited, or the newest has run out or has no tries left."""
        own = challenges.unused(unit, conversation, Purpose.PROVE)
        wish = reaching.found(unit, self._office, conversation)
        if wish is not None and (not own or wish.asked_at > own[0]["sent_at"]):
            return wish.closed_result()
        if not own:
            return CodeResult(Outcome.NONE)
        left = MOST_TRIES - own[0]["tries"]
        outcome = Outcome.EXPIRED if left else Outcome.SPENT
        return CodeResult(outcome, left, Purpose.PROVE, request_of(unit, own[0])["reference"])

    def _tried_to_reach(self, unit: Unit, conversation: str, typed: Redacted, now: datetime) -> list[CodeResult]:
        """What is seen of it is the same, unless the code is right, whether there is such a request or not."""
        wish = reaching.found(unit, self._office, conversation)
        left = reaching.guess(unit, self._office, conversation, now) if wish is not None and wish.is_open(now) else None
        if left is None:
            return []
        results = self._checker.try_all(unit, challenges.unused(unit, conversation, Purpose.REACH), typed, now)
        right = [result for result in results if result.outcome is Outcome.RIGHT]
        if right:
            reaching.end(unit, self._office, conversation)
        return right or [CodeResult(Outcome.WRONG, left, Purpose.REACH)]

    def send_again(self, conversation: str, now: datetime) -> SendResult:
        """Send a new code for what this conversation waits for, or the first one where none could be sent before."""
        check_time(now)
        began = time.monotonic()
        with self._store.unit() as unit:
            errand = self._newest_errand(unit, conversation)
            reaches = errand is None and reaching.found(unit, self._office, conversation) is not None
            if errand is not None:
                result = self._sent_again(unit, errand, now)
            elif reaches:
                result = self._reach_again(unit, conversation, now)
            else:
                result = SendResult(SendOutcome.NONE)
            unit.commit()
        if reaches:
            self._take_time(began)
        return result

    def _newest_errand(self, unit: Unit, conversation: str) -> Errand | None:
        asked = [request_of(unit, one) for one in challenges.unused(unit, conversation, Purpose.PROVE)]
        for row in [*asked, *_never_asked(unit, conversation)]:
            address = contacts.address_of(contacts.of_request(unit, self._office.vault, row["id"]))
            channel = Channel(row["channel"])
            if address is not None and row["verified_at"] is None and channel is not Channel.STAFF:
                return Errand(row, conversation, channel, Purpose.PROVE, address)
        return None

    def _sent_again(self, unit: Unit, errand: Errand, now: datetime) -> SendResult:
        outcome = SendOutcome.TOO_MANY
        if challenges.send(unit, self._office, errand, now) is Sent.SENT:
            challenges.asked(unit, errand.row, now)
            outcome = SendOutcome.SENT
        challenge = challenges.of(unit, errand.row["id"], errand.conversation, errand.purpose)
        left = MOST_SENDS - challenge["sends"] if challenge is not None else MOST_SENDS
        hint = contacts.hint(errand.address.kind, errand.address.value)
        return SendResult(outcome, hint, errand.row["reference"], errand.purpose, left)

    def ask_reach(self, reference: str, conversation: str, now: datetime, channel: Channel = Channel.WEB) -> None:
        """Ask for a code with which this other conversation may look at a request and take it back.

        The code goes to the request's own address. The caller learns nothing: the same is done and the same said, now
        and at every code that is typed, whether the request exists, is closed, has no address, or has had its three
        codes. Blocks for reach_seconds.
        """
        check_time(now)
        began = time.monotonic()
        with self._store.unit() as unit:
            row = rows.by_reference(unit, normalised(reference))
            reaching.begin(unit, self._office, conversation, now)
            self._reach(unit, row, conversation, channel, now)
            unit.commit()
        self._take_time(began)

    def _reach_again(self, unit: Unit, conversation: str, now: datetime) -> SendResult:
        if not reaching.begin(unit, self._office, conversation, now):
            return SendResult(SendOutcome.TOO_MANY, purpose=Purpose.REACH)
        waiting = challenges.unused(unit, conversation, Purpose.REACH)
        row = request_of(unit, waiting[0]) if waiting else None
        channel = Channel.TELEGRAM if conversation.startswith(_TELEGRAM) else Channel.WEB
        self._reach(unit, row, conversation, channel, now)
        return SendResult(SendOutcome.SENT, purpose=Purpose.REACH)

    def _reach(self, unit: Unit, row: Row | None, conversation: str, channel: Channel, now: datetime) -> None:
        errand = self._reach_errand(unit, row, conversation, channel) if row is not None else None
        if errand is None or challenges.send(unit, self._office, errand, now) is not Sent.SENT:
            challenges.pretend(unit, self._office, conversation, now)
        else:
            steps.note(unit, errand.row, "reach_code_sent", challenges.SENDER, now, bears=False)

    def _take_time(self, began: float) -> None:
        # A little by chance, because even the end of a sleep comes some microseconds later after more work.
        until = began + self._reach_seconds * random.uniform(1.0, 1.1)
        time.sleep(max(0.0, until - time.monotonic()))

    def _reach_errand(self, unit: Unit, row: Row, conversation: str, channel: Channel) -> Errand | None:
        is_own = row["conversation"] == conversation or rows.is_granted(unit, row["id"], conversation)
        address = contacts.address_of(contacts.of_request(unit, self._office.vault, row["id"]))
        if row["closed_at"] or is_own or address is None:
            return None
        return Errand(row, conversation, channel, Purpose.REACH, address)

    def look_at_stop(self, token: Redacted) -> Summary | None:
        """The request that a link would stop; None for a link that is none. Changes nothing."""
        with self._store.reading() as unit:
            row = challenges.behind_link(unit, token)
            return rows.summary(unit, row) if row is not None else None

    def stop(self, token: Redacted, now: datetime) -> Summary | None:
        """Withdraw the request behind a link at once, without any login. Twice changes nothing; closed stays closed."""
        check_time(now)
        with self._store.unit() as unit:
            row = challenges.behind_link(unit, token)
            if row is None:
                return None
            if row["closed_at"] is None:
                row = steps.move(unit, row, Status.WITHDRAWN, "stopped", _STOPPER, now)
                news.tell(unit, self._office, row, News.WITHDRAWN, now)
                unit.commit()
            return rows.summary(unit, row)


def _never_asked(unit: Unit, conversation: str) -> list[Row]:
    """Requests of this conversation for which no code was sent yet, newest first."""
    sent = sa.exists().where(
        challenge_table.c.request_id == requests.c.id, challenge_table.c.purpose == Purpose.PROVE.value
    )
    own = (requests.c.conversation == conversation, requests.c.closed_at.is_(None), sa.not_(sent))
    found = sa.select(requests).where(*own).order_by(requests.c.received_at.desc(), requests.c.id)
    return list(unit.execute(found).mappings())
