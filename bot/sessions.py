"""Sessions and buttons: what the server minted itself, signed, so that nothing a client claims is believed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, URLSafeSerializer, URLSafeTimedSerializer

from pii.redacted import Redacted

LIFETIME = 30 * 24 * 3600  # seconds
LONGEST_TOKEN = 1000


class SessionError(ValueError):
    """A token that this server did not mint, or that is too old. code: session_invalid or session_expired."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Session:
    """One conversation: an unguessable id, bound to one policy."""

    conversation: str
    policy: str


class Sessions:
    """Mints and reads tokens."""

    def __init__(self, secret: Redacted) -> None:
        self._sessions = URLSafeTimedSerializer(secret.reveal(), salt="session")
        self._buttons = URLSafeSerializer(secret.reveal(), salt="button")

    def open(self, policy: str) -> tuple[Session, str]:
        """A new conversation about that policy, and its token."""
        session = Session(f"web:{secrets.token_hex(16)}", policy)
        return session, str(self._sessions.dumps([session.conversation, policy]))

    def read(self, token: str) -> Session:
        """The session of a token. Raises SessionError."""
        if not token or len(token) > LONGEST_TOKEN:
            raise SessionError("session_invalid", "This conversation is not known here. Please start a new one.")
        try:
            conversation, policy = self._sessions.loads(token, max_age=LIFETIME)
        except SignatureExpired as error:
            raise SessionError("session_expired", "This conversation is too old. Please start a new one.") from error
        except (BadSignature, ValueError, TypeError) as error:
            raise SessionError(
                "session_invalid", "This conversation is not known here. Please start a new one."
            ) from error
        return Session(conversation, policy)

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
