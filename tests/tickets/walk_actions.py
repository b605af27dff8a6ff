"""What the person, the staff, time and somebody at the database can do on a walk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from conftest import MAIL, VAULT, wish
from house import WRONG
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from walk import EXECUTED, PROVEN, Ground, done, is_proven

from pii.masking import mask
from tickets import expiring, right_outcomes
from tickets.identity import Outcome
from tickets.model import RightResult
from tickets.tables import requests
from tickets.vocabulary import Channel, DelayReason, EvidenceKind, RefusalReason, Regime, Right, RightOutcome, Status

CHATS = ("c1", "c2", "c3")
STAFF = ("staff:1", "staff:2", "staff:3")
CONTACTS = ("one@example.org", "one@EXAMPLE.org", "two@example.org one@example.org", "+44 20 7946 0123", "")
WAITS = ("ask_requester", "heard_requester", "await_controller", "heard_controller")
WHICH = st.integers(0, 50)
_R = Right
RIGHTS = st.sampled_from(
    [
        frozenset({_R.DELETION}),
        frozenset({_R.DELETION, _R.ACCESS}),
        frozenset({_R.ACCESS}),
        frozenset({_R.PARENTAL_DELETE}),
        frozenset({_R.OBJECTION}),
        frozenset({_R.OBJECTION, _R.QUESTION}),
        frozenset({_R.QUESTION}),
        frozenset({_R.SALE_SHARE_OPT_OUT}),
    ]
)
LAWS = st.sampled_from([frozenset[Regime](), *(frozenset({regime}) for regime in Regime)])
CHANNELS = st.sampled_from([Channel.WEB, Channel.WEB, Channel.TELEGRAM, Channel.STAFF])
FILINGS = st.tuples(
    st.sampled_from(CHATS),
    st.sampled_from(CONTACTS),
    RIGHTS,
    LAWS,
    CHANNELS,
    st.sampled_from([False, False, True]),  # a login token
    st.sampled_from(["", "", "", "the school"]),  # another party decides
    st.sampled_from([False, False, True]),  # the key of the filing before
)
some_requests = precondition(lambda self: bool(self.references))


class People(Ground):
    """The person who asks, and others who try."""

    @initialize(filings=st.lists(FILINGS, min_size=3, max_size=6))
    def file_some(self, filings: list[Any]) -> None:
        """A walk over no requests shows nothing."""
        for filing in filings:
            self.file(filing)

    @rule(filing=FILINGS)
    def file_one(self, filing: Any) -> None:
        self.file(filing)

    def file(self, filing: Any) -> None:
        chat, contact, asked, laws, channel, login, referred_to, same_key = filing
        self.key += not same_key
        handles = self.house.box.keep(chat, mask(contact).found, self.now)
        one = wish(
            conversation=chat,
            rights=asked,
            regimes=laws,
            channel=channel,
            filer=STAFF[0] if channel is Channel.STAFF else "",
            evidence=frozenset({EvidenceKind.LOGIN_TOKEN} if login else ()),
            referred_to=referred_to,
            idempotency_key=str(self.key),
            contacts=tuple(handles.values()),
        )
        receipt = self.tried("file", lambda: self.house.service.open_request(one, self.now))
        if receipt is not None and receipt.reference not in self.references:
            self.references.append(receipt.reference)

    @some_requests
    @rule(which=WHICH, kind=st.sampled_from(["code", "code", "reach"]), chat=st.sampled_from([*CHATS, "own", "own"]))
    def type_code(self, which: int, kind: str, chat: str) -> None:
        reference = self.reference(which)
        self.typed(reference, kind, self.chat_of(reference) if chat == "own" else chat)

    def typed(self, reference: str, kind: str, chat: str) -> None:
        code = self.newest_code(reference, kind)
        result = self.tried("code", lambda: self.house.identity.check_code(chat, code, self.now))
        done[f"code {result.outcome.value}"] += 1
        if result.outcome is Outcome.RIGHT:
            assert result.reference == reference and (kind == "reach" or chat == self.chat_of(reference))
            self.shown_by_code |= {reference} if kind == "code" else set()

    @rule(chat=st.sampled_from(CHATS), times=st.sampled_from([1, 1, 1, 6]))
    def type_wrong_codes(self, chat: str, times: int) -> None:
        for _ in range(times):
            result = self.tried("wrong code", lambda: self.house.identity.check_code(chat, WRONG, self.now))
            assert result.outcome is not Outcome.RIGHT

    @some_requests
    @rule(which=WHICH)
    def type_code_too_late(self, which: int) -> None:
        reference = self.reference(which)
        code, later = self.newest_code(reference, "code"), self.now + timedelta(days=1)
        found = self.tried("late code", lambda: self.house.identity.check_code(self.chat_of(reference), code, later))
        assert found.outcome is not Outcome.RIGHT

    @rule(chat=st.sampled_from(CHATS))
    def ask_for_another_code(self, chat: str) -> None:
        self.tried("send again", lambda: self.house.identity.send_again(chat, self.now))

    @some_requests
    @rule(which=WHICH, chat=st.sampled_from(CHATS))
    def ask_to_reach(self, which: int, chat: str) -> None:
        self.tried("ask reach", lambda: self.house.identity.ask_reach(self.reference(which), chat, self.now))

    @some_requests
    @rule(which=WHICH, chat=st.sampled_from([*CHATS, "own"]))
    def withdraw(self, which: int, chat: str) -> None:
        reference = self.reference(which)
        where = self.chat_of(reference) if chat == "own" else chat
        known = {one.reference for one in self.house.service.status_of(where)}
        result = self.tried("withdraw", lambda: self.house.service.withdraw(reference, where, self.now))
        assert result is None or reference in known

    @some_requests
    @rule(which=WHICH)
    def stop(self, which: int) -> None:
        reference = self.reference(which)
        if any("/stop/" in letter.text.reveal() for letter in self.house.letters(reference)):
            token = self.house.stop_token(reference, "")
            self.tokens.append(token)
            found = self.tried("stop", lambda: self.house.identity.stop(token, self.now))
            assert found.reference == reference and self.house.row(reference)["closed_at"]

    @precondition(lambda self: bool(self.tokens))
    @rule(which=WHICH)
    def stop_again(self, which: int) -> None:
        token = self.tokens[which % len(self.tokens)]
        assert self.tried("stop again", lambda: self.house.identity.stop(token, self.now)) is not None


class Staff(People):
    """What staff decide, in order and out of it."""

    @some_requests
    @rule(which=WHICH, kind=st.sampled_from(EvidenceKind), actor=st.sampled_from(STAFF))
    def verify(self, which: int, kind: EvidenceKind, actor: str) -> None:
        self.tried("verify", lambda: self.house.staff.verify(self.reference(which), kind, actor, self.now))

    @some_requests
    @rule(which=WHICH, actor=st.sampled_from(STAFF), stale=st.booleans())
    def start(self, which: int, actor: str, stale: bool) -> None:
        reference = self.reference(which)
        seen = self.house.row(reference)["row_version"] - stale
        self.tried("start", lambda: self.house.staff.start(reference, actor, self.now, seen=seen))

    @some_requests
    @rule(which=WHICH, actor=st.sampled_from((*STAFF, "filer")))
    def approve(self, which: int, actor: str) -> None:
        reference = self.reference(which)
        who = self.house.row(reference)["filer"] if actor == "filer" else actor
        self.tried("approve", lambda: self.house.staff.approve(reference, who, self.now))

    def in_part(self, reference: str) -> list[RightResult]:
        """Of a request's rights the first was done in part, the others wholly."""
        asked, reason = self.house.service.show(reference).summary.rights, RefusalReason.LEGALLY_EXEMPTED
        result = RightResult(asked[0], RightOutcome.PARTLY_FULFILLED, reason, "clause 1")
        return [result, *(RightResult(right, RightOutcome.FULFILLED) for right in asked[1:])]

    @some_requests
    @rule(which=WHICH, actor=st.sampled_from(STAFF), partly=st.booleans())
    def carry_out(self, which: int, actor: str, partly: bool) -> None:
        reference, staff = self.reference(which), self.house.staff
        if partly:
            self.tried("partly", lambda: staff.partly_fulfil(reference, self.in_part(reference), actor, self.now))
        else:
            self.tried("fulfil", lambda: staff.fulfil(reference, actor, self.now))

    @some_requests
    @rule(which=WHICH, name=st.sampled_from(WAITS))
    def wait(self, which: int, name: str) -> None:
        reference = self.reference(which)
        question = ("Which account?",) if name == "ask_requester" else ()
        self.tried(name, lambda: getattr(self.house.staff, name)(reference, *question, STAFF[1], self.now))

    @some_requests
    @rule(which=WHICH, reason=st.sampled_from(DelayReason))
    def extend(self, which: int, reason: DelayReason) -> None:
        self.tried("extend", lambda: self.house.staff.extend(self.reference(which), reason, STAFF[1], self.now))

    @some_requests
    @rule(which=WHICH, how=st.sampled_from(["refuse", "refer", "reveal", "reveal", "reveal"]))
    def end_or_look(self, which: int, how: str) -> None:
        reference, staff, actor = self.reference(which), self.house.staff, STAFF[2]
        if how == "reveal":
            self.tried(how, lambda: staff.reveal_contact(reference, actor, "a call", self.now))
        elif how == "refuse":
            reason = RefusalReason.PROCESS_UNFOUNDED
            self.tried(how, lambda: staff.refuse(reference, reason, "Art. 12(5)", actor, self.now))
        else:
            self.tried(how, lambda: staff.refer(reference, "the school", actor, self.now))

    @precondition(lambda self: len(self.references) > 1)
    @rule(which=WHICH, original=WHICH)
    def link(self, which: int, original: int) -> None:
        one, other = self.reference(which), self.reference(original)
        self.tried("link", lambda: self.house.staff.link_duplicate(one, other, STAFF[2], self.now))

    @some_requests
    @rule(which=WHICH, steps=st.integers(1, 6))
    def go_on_as_one_should(self, which: int, steps: int) -> None:
        """Without this, hardly any walk would come as far as a request that is carried out."""
        reference = self.reference(which)
        for _ in range(steps):
            self.take_next_step(reference)

    def take_next_step(self, reference: str) -> None:
        row, staff = self.house.row(reference), self.house.staff
        status = Status(row["status"])
        if status in (Status.RECEIVED, Status.UNVERIFIED):
            self.house.identity.send_again(row["conversation"], self.now)
            self.typed(reference, "code", row["conversation"])
            self.tried("match", lambda: staff.verify(reference, EvidenceKind.STAFF_RECORD_MATCH, STAFF[0], self.now))
        elif status is Status.VERIFIED:
            self.tried("start", lambda: staff.start(reference, STAFF[1], self.now))
        elif status is Status.AWAITING_REQUESTER:
            self.tried("heard_requester", lambda: staff.heard_requester(reference, STAFF[1], self.now))
        elif status is Status.AWAITING_CONTROLLER:
            self.tried("heard_controller", lambda: staff.heard_controller(reference, STAFF[1], self.now))
        elif status is Status.IN_PROGRESS and not row["approver"]:
            self.tried("approve", lambda: staff.approve(reference, STAFF[2], self.now))
        elif status is Status.IN_PROGRESS:
            self.now = max(self.now, row["hold_until"] or self.now)
            self.tried("fulfil", lambda: staff.fulfil(reference, STAFF[1], self.now))


class EveryAction(Staff):
    """And time, its clean-up, and somebody who writes past the code."""

    @rule(by=st.sampled_from([timedelta(minutes=3), timedelta(minutes=11), timedelta(hours=30), timedelta(days=8)]))
    def let_time_pass(self, by: timedelta) -> None:
        self.now += by
        done["time passes"] += 1

    @rule(by=st.sampled_from([timedelta(0), timedelta(days=8)]))
    def expire(self, by: timedelta) -> None:
        self.now += by
        before = self.now - timedelta(days=7)

        def act() -> None:
            with self.store.unit() as unit:
                due = list(unit.execute(expiring.unproven(before)).scalars())
                done["expired"] += expiring.expire(unit, VAULT, MAIL, due, before, self.now)
                unit.commit()

        self.tried("expire", act)

    @some_requests
    @rule(which=WHICH, status=st.sampled_from(sorted(PROVEN)), approved=st.booleans())
    def write_raw_sql(self, which: int, status: str, approved: bool) -> None:
        """Whoever writes past the code is let through only with what is proven; it is rolled back in any case."""
        row = self.house.row(self.reference(which))
        values: dict[str, Any] = {"status": status, "verified_at": row["verified_at"] or self.now}
        values |= {"closed_at": self.now if status in EXECUTED else None, "duplicate_of": None}
        values |= {"refusal_reason": "LegallyExempted", "refusal_basis": "x"} if status == "partly_fulfilled" else {}
        values |= {"approver": "staff:9"} if approved else {}
        with self.store.unit() as unit:
            proven = is_proven(unit, row["id"])
            try:
                if status == "partly_fulfilled":
                    right_outcomes.write(unit, row["id"], self.in_part(self.reference(which)))
                unit.execute(sa.update(requests).where(requests.c.id == row["id"]).values(**values))
            except sa.exc.IntegrityError:
                done["raw sql refused"] += 1
                return
            done["raw sql let through"] += 1
            assert proven and (status not in EXECUTED or approved or row["approver"])
