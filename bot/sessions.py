"""Sessions and buttons: what the server minted itself, signed, so that nothing a client claims is believed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timezone

from itsdangerous import BadSignature, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

from bot.login import Login
from pii.redacted import Redacted

LIFETIME = 30 * 24 * 3600  # seconds
LONGEST_TOKEN = 1000


class PolicyGoneError(LookupError):
    """The policy that a conversation is about is not answered any more."""


class SessionError(ValueError):
    """A token that this server did not mint, or that is too old. code: session_invalid or session_expired."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Session:
    """One conversation: an unguessable id, bound to one policy, and to the account of a login if there was one."""

    conversation: str
    policy: str
    login: Login | None = None

    def account(self, now: datetime) -> str:
        """The account that the company's site vouches for now; empty if nobody is logged in, or no longer."""
        return self.login.account if self.login and now < self.login.until else ""


class Sessions:
    """Mints and reads tokens."""

    def __init__(self, secret: Redacted) -> None:
        self._sessions = URLSafeTimedSerializer(secret.reveal(), salt="session")
        self._buttons = URLSafeSerializer(secret.reveal(), salt="button")

    def open(self, policy: str, login: Login | None = None, resumed: Session | None = None) -> tuple[Session, str]:
        """A conversation about that policy, and its token.

        resumed: a conversation to go on with. It is gone on with only by the same account: a login never takes over
        what somebody else began at the same machine.
        """
        account = login.account if login else ""
        is_same = resumed is not None and resumed.policy == policy and account == _begun_by(resumed)
        conversation = resumed.conversation if resumed and is_same else f"web:{secrets.token_hex(16)}"
        session = Session(conversation, policy, login)
        vouched = [login.account, int(login.until.timestamp())] if login else []
        return session, str(self._sessions.dumps([conversation, policy, *vouched]))

    def read(self, token: str) -> Session:
        """The session of a token. Raises SessionError."""
        if not token or len(token) > LONGEST_TOKEN:
            raise SessionError("session_invalid", "This conversation is not known here. Please start a new one.")
        try:
            conversation, policy, *vouched = self._sessions.loads(token, max_age=LIFETIME)
            login = Login(vouched[0], datetime.fromtimestamp(vouched[1], timezone.utc)) if vouched else None
        except SignatureExpired as error:
            raise SessionError("session_expired", "This conversation is too old. Please start a new one.") from error
        except (BadSignature, ValueError, TypeError, IndexError) as error:
            raise SessionError(
                "session_invalid", "This conversation is not known here. Please start a new one."
            ) from error
        return Session(conversation, policy, login)

    def button(self, session: Session, payload: str) -> str:
        """A button's token: it works in this conversation only."""
        return str(self._buttons.dumps([session.conversation, payload]))

    def pressed(self, session: Session, token: str) -> str:
        """The payload of a button that this conversation was given. Raises SessionError."""
        try:
            conversation, payload = self._buttons.loads(token[:LONGEST_TOKEN])
        except (BadSignature, ValueError, TypeError) as error:
            raise SessionError("button_invalid", "That button is not from this conversation.") from error
        if not secrets.compare_digest(str(conversation).encode(), session.conversation.encode()):
            raise SessionError("button_invalid", "That button is not from this conversation.")
        return str(payload)


def _begun_by(session: Session) -> str:
    return session.login.account if session.login else ""
