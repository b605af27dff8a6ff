"""Logging in: the password, then the second factor; step by step, each with a new token.

A wrong login and an unknown one get the same answer for the same work. Every try counts before it is compared. What
slows wrong passwords down is told in tickets.staff_delays; from the password on, the account's own row counts.
"""

from __future__ import annotations

from datetime import datetime

import argon2
import structlog

from pii.encryption import Vault
from pii.redacted import Redacted
from tickets import staff_delays, staff_factors, staff_sessions, staff_steps
from tickets.errors import InputError
from tickets.rows import Row
from tickets.staff import change, login_of, row_of_login
from tickets.staff_delays import Place
from tickets.staff_factors import SecondFactor
from tickets.staff_passwords import CROWD_SECONDS, Passwords, check_new
from tickets.staff_steps import WRONG, Outcome, StaffSession, Step
from tickets.store import Store

__all__ = ["Outcome", "SecondFactor", "StaffLogins", "StaffSession", "Step"]

_log = structlog.get_logger("tickets.staff")


class StaffLogins:
    """The steps of a login, and the sessions that come of it. Comparing a password takes a tenth of a second."""

    def __init__(self, store: Store, vault: Vault, hasher: argon2.PasswordHasher) -> None:
        """hasher: tickets.staff_passwords.usual_hasher() gives the usual one."""
        self._store = store
        self._vault = vault
        self._passwords = Passwords(hasher)

    def log_in(self, login: str, password: Redacted, address: str, now: datetime) -> Step:
        """The first step. address: from where, as the proxy tells it."""
        name = login_of(login)
        place = staff_delays.place_of(self._vault, name, address)
        waits = self._put_off(place, now)
        if not waits:
            with self._store.unit() as unit:
                waits = staff_delays.take(unit, place, now)
                row = row_of_login(unit, name)
                unit.commit()
        if waits:
            return Step(Outcome.WAIT, wait_seconds=waits)
        kept = row["password"] if row is not None else ""
        # Outside of a transaction: nobody waits for the database while a password is compared.
        if not self._passwords.fits(kept, password) or row is None or row["is_disabled"]:
            _log.warning("staff_login_refused", staff=row["id"] if row is not None else None)
            return WRONG
        anew = self._passwords.hash(password) if self._passwords.is_outdated(kept) else kept
        with self._store.unit() as unit:
            again = row_of_login(unit, name)
            if again is None or again["is_disabled"] or again["password"] != kept:
                return WRONG
            staff_delays.forgive(unit, place, now)
            change(unit, row["id"], password=anew)
            step = staff_steps.begun(unit, row["id"], now)
            unit.commit()
        return step

    def change_password(self, token: Redacted, old: Redacted, new: Redacted, now: datetime) -> Step:
        """Set a password of one's own; all other sessions end. InputError with a sentence for one too easy to guess.

        For a first password before the second factor is set up, and for everybody who is logged in.
        """
        row = self._found(token, now)
        if row is None:
            return WRONG
        check_new(new, old, row["login"])
        row, refused = self._compared(token, old, Outcome.PASSWORD_CHANGE, now)
        if row is None:
            return refused
        kept = self._passwords.hash(new)
        with self._store.unit() as unit:
            again = staff_sessions.find(unit, token, now)
            if again is None or again["password"] != row["password"]:
                return WRONG
            change(unit, row["id"], password=kept, is_first_password=False)
            staff_steps.forgive(unit, row)
            step = staff_steps.followed(unit, again, now, alone=True)
            unit.commit()
        _log.info("staff_password_changed", staff=row["id"])
        return step

    def begin_second_factor(self, token: Redacted, now: datetime) -> SecondFactor:
        """What the authenticator app is to be given; the same for the same token. Nothing is kept yet.

        Raises InputError unless this session may set it up: in a login that has none yet, or, to replace it, within ten
        minutes of confirm().
        """
        row = self._found(token, now)
        if row is None or not staff_steps.may_set_up(row, now):
            raise InputError("The second factor cannot be set up now: log in, or confirm the password, first.")
        return staff_factors.offered(self._vault, token, row["login"])

    def confirm_second_factor(
        self, token: Redacted, code: Redacted, now: datetime
    ) -> tuple[Step, tuple[Redacted, ...]]:
        """The app's first code shows that it was set up; gives the recovery codes, this once. Other sessions end."""
        with self._store.unit() as unit:
            row = staff_sessions.find(unit, token, now)
            if row is None or not staff_steps.may_set_up(row, now):
                return WRONG, ()
            secret = staff_factors.offered(self._vault, token, row["login"]).secret
            time_step = staff_factors.step_of(secret, code, now)
            if not time_step:
                return WRONG, ()
            fresh = staff_factors.keep(unit, self._vault, row["id"], secret, time_step)
            step = staff_steps.followed(unit, {**row, "is_complete": True}, now, alone=True)
            unit.commit()
        _log.info("staff_second_factor_set", staff=row["id"])
        return step, fresh

    def second_factor(self, token: Redacted, code: Redacted, now: datetime) -> Step:
        """The last step: a code of the app, or a recovery code; each counts once."""
        with self._store.unit() as unit:
            row = staff_sessions.find(unit, token, now)
            if row is None or staff_steps.missing(row) is not Outcome.SECOND_FACTOR:
                return WRONG
            waits = staff_steps.count_try(unit, row, now)
            if waits:
                return Step(Outcome.WAIT, wait_seconds=waits)
            step = WRONG
            if staff_factors.use(unit, self._vault, row, code, now):
                staff_steps.forgive(unit, row)
                step = staff_steps.followed(unit, {**row, "is_complete": True}, now)
            unit.commit()
        _log.info("staff_logged_in" if step is not WRONG else "staff_second_factor_refused", staff=row["id"])
        return step

    def session(self, token: Redacted, now: datetime, *, is_activity: bool = True) -> StaffSession | None:
        """Who is behind a token; None if it is over. is_activity: False for what a page asks for by itself.

        Being idle is counted from the last activity, to a minute.
        """
        row = self._found(token, now)
        if row is None:
            return None
        if is_activity and row["seen_at"] <= now - staff_sessions.SEEN_EVERY:
            with self._store.unit() as unit:
                staff_sessions.touch(unit, row, now)
                unit.commit()
        return staff_steps.session_of(row)

    def confirm(self, token: Redacted, password: Redacted, now: datetime) -> Step:
        """Ask for the password once more, before something that cannot be undone; it counts for ten minutes."""
        row, refused = self._compared(token, password, Outcome.DONE, now)
        if row is None:
            return refused
        with self._store.unit() as unit:
            again = staff_sessions.find(unit, token, now)
            if again is None or again["password"] != row["password"]:
                return WRONG
            staff_steps.forgive(unit, row)
            step = staff_steps.followed(unit, {**again, "confirmed_at": now}, now)
            unit.commit()
        return step

    def recovery_codes_left(self, staff_id: str) -> int:
        """How many of a member's recovery codes were not used yet."""
        with self._store.reading() as unit:
            return staff_factors.recovery_codes_left(unit, staff_id)

    def log_out(self, token: Redacted, now: datetime) -> None:
        """End this session."""
        with self._store.unit() as unit:
            staff_sessions.end(unit, token)
            unit.commit()

    def end_all(self, staff_id: str, now: datetime) -> None:
        """End all sessions of a member."""
        with self._store.unit() as unit:
            staff_sessions.end_all(unit, staff_id)
            unit.commit()
        _log.info("staff_sessions_ended", staff=staff_id)

    def _put_off(self, place: Place, now: datetime) -> int:
        """Seconds to wait. Looked at while reading: whoever knocks too early keeps nobody from writing.

        A flood from everywhere is put off before it counts for anything; whose place is known goes by.
        """
        with self._store.reading() as unit:
            state = staff_delays.look(unit, place, now)
        return max(state.waits, CROWD_SECONDS if self._passwords.is_crowded and not state.is_known else 0)

    def _found(self, token: Redacted, now: datetime) -> Row | None:
        with self._store.reading() as unit:
            return staff_sessions.find(unit, token, now)

    def _compared(
        self, token: Redacted, password: Redacted, stage: Outcome, now: datetime
    ) -> tuple[Row, Step] | tuple[None, Step]:
        """Count a try at the password of a session at that stage, or complete, and compare; no row if it is wrong."""
        with self._store.unit() as unit:
            row = staff_sessions.find(unit, token, now)
            if row is None or staff_steps.missing(row) not in (stage, Outcome.DONE):
                return None, WRONG
            waits = staff_steps.count_try(unit, row, now)
            unit.commit()
        if waits:
            return None, Step(Outcome.WAIT, wait_seconds=waits)
        if not self._passwords.fits(row["password"], password):
            _log.warning("staff_password_refused", staff=row["id"])
            return None, WRONG
        return row, WRONG
