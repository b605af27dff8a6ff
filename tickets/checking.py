"""Trying a typed code on the challenges of a conversation.

A code is compared only after its try was counted, by one UPDATE that carries the limit itself: whoever guesses in
parallel gets five comparisons and no more. A try counts whatever comes of it, and a new code refills none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa  # type: ignore[import-untyped,unused-ignore]

from pii.redacted import Redacted
from tickets import budgets, challenges, codes, proving, rows, steps
from tickets.intake import REQUESTER
from tickets.office import HOUR, Office
from tickets.outcomes import CodeResult, Outcome
from tickets.rows import Row
from tickets.store import Unit
from tickets.tables_proof import MOST_TRIES, grants
from tickets.tables_proof import challenges as challenge_table
from tickets.vocabulary import EvidenceKind, Purpose

_WRONG_CODES = "code:wrong"
Compare = Callable[[str, str], bool]


class Checker:
    """Compares codes, and writes down what a right one shows."""

    def __init__(self, office: Office, compare: Compare) -> None:
        self._office = office
        self._compare = compare

    def try_all(self, unit: Unit, waiting: list[Row], typed: Redacted, now: datetime) -> list[CodeResult]:
        """Try a code on those that are open to it, until it is right on one or the budget of all people is used up."""
        results: list[CodeResult] = []
        for challenge in open_to_a_try(waiting, now):
            results.append(self._tried(unit, challenge, typed, now))
            if results[-1].outcome is not Outcome.WRONG:
                break
        return results

    def _tried(self, unit: Unit, challenge: Row, typed: Redacted, now: datetime) -> CodeResult:
        row, purpose = request_of(unit, challenge), Purpose(challenge["purpose"])
        left = MOST_TRIES - challenge["tries"]
        if not budgets.spend(unit, _WRONG_CODES, self._office.limits.wrong_codes, HOUR, now):
            return CodeResult(Outcome.SPENT, left, purpose, row["reference"])
        if not _counted(unit, challenge, now):
            return CodeResult(Outcome.SPENT, 0, purpose, row["reference"])
        if not self._is_right(challenge, typed) or not _used(unit, challenge, now):
            if left == 1:
                steps.note(unit, row, "code_tries_used_up", REQUESTER, now, detail={"purpose": purpose.value})
            return CodeResult(Outcome.WRONG, left - 1, purpose, row["reference"])
        budgets.give_back(unit, _WRONG_CODES)
        row = self._granted(unit, challenge, row, now) if purpose is Purpose.REACH else self._proven(unit, row, now)
        return CodeResult(Outcome.RIGHT, left - 1, purpose, row["reference"], row["verified_at"] is not None)

    def _is_right(self, challenge: Row, typed: Redacted) -> bool:
        whose, purpose = challenge["conversation"], Purpose(challenge["purpose"])
        fitting = challenges.hash_of(self._office, whose, purpose, challenge["id"], codes.normalised(typed))
        return any(self._compare(challenge["code_hash"], one) for one in fitting)

    def _proven(self, unit: Unit, row: Row, now: datetime) -> Row:
        return proving.show(unit, self._office, row, EvidenceKind.MAILBOX_CONTROL, REQUESTER, now)

    def _granted(self, unit: Unit, challenge: Row, row: Row, now: datetime) -> Row:
        conversation = challenge["conversation"]
        if not rows.is_granted(unit, row["id"], conversation):
            unit.execute(sa.insert(grants).values(request_id=row["id"], conversation=conversation, at=now))
        return steps.note(unit, row, "reach_granted", REQUESTER, now, bears=False)


def open_to_a_try(waiting: list[Row], now: datetime) -> list[Row]:
    """Those that have neither run out nor lost all their tries."""
    return [one for one in waiting if one["expires_at"] > now and one["tries"] < MOST_TRIES]


def request_of(unit: Unit, challenge: Row) -> Row:
    """The request that a challenge belongs to."""
    return steps.reread(unit, {"id": challenge["request_id"]})


def _counted(unit: Unit, challenge: Row, now: datetime) -> bool:
    """Take a try, if one is left at this very moment."""
    table = challenge_table.c
    still = (table.id == challenge["id"], table.tries < MOST_TRIES, table.used_at.is_(None), table.expires_at > now)
    return bool(unit.execute(sa.update(challenge_table).where(*still).values(tries=table.tries + 1)).rowcount == 1)


def _used(unit: Unit, challenge: Row, now: datetime) -> bool:
    table = challenge_table.c
    unused = (table.id == challenge["id"], table.code_hash == challenge["code_hash"], table.used_at.is_(None))
    return bool(unit.execute(sa.update(challenge_table).where(*unused).values(used_at=now)).rowcount == 1)
