"""Login tokens: a company's own site vouches that the person at the widget is logged in to an account.

A token is a JSON Web Token (RFC 7519), signed with HMAC-SHA-256 and a secret that the operator shares with that site
alone; docs/widget.md shows ten lines that make one. It says: aud, the policy's id; sub, the site's own name of the
account; iat and exp, at most an hour apart. Nothing else that a page says about a person is believed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

import jwt

from pii.masking import mask
from pii.redacted import Redacted

LONGEST_LIFE = 3600  # seconds between iat and exp
LEEWAY = 30  # seconds that two clocks may differ
LONGEST_TOKEN = 2_000
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


class LoginError(ValueError):
    """A login token that is not believed. The text is for the site's developer, and names nothing of the token."""


@dataclass(frozen=True)
class Login:
    """An account of the company's site, and until when its login counts. account: the site's own id, no contact."""

    account: str
    until: datetime


class Logins:
    """Reads tokens. keys: the shared secret of each policy that has one."""

    def __init__(self, keys: Mapping[str, Redacted]) -> None:
        self._keys = dict(keys)

    def read(self, policy: str, token: str, now: datetime) -> Login:
        """The login that a token vouches for. Raises LoginError."""
        key = self._keys.get(policy)
        if key is None:
            raise LoginError("No login secret is set for this policy (PRIVACY_DESK_LOGIN_KEYS).")
        if len(token) > LONGEST_TOKEN:
            raise LoginError("The login token is too long.")
        claims = _claims(token, key, policy)
        begun, until = _time(claims["iat"]), _time(claims["exp"])
        if not 0 < (until - begun).total_seconds() <= LONGEST_LIFE:
            raise LoginError(f"The login token must end within {LONGEST_LIFE // 60} minutes of its beginning.")
        if (begun - now).total_seconds() > LEEWAY or (now - until).total_seconds() > LEEWAY:
            raise LoginError("The login token is over, or begins in the future.")
        account = claims["sub"]
        if not isinstance(account, str) or not _ACCOUNT.fullmatch(account) or mask(account).found:
            raise LoginError(
                "sub must be the site's own id of the account: 1 to 64 letters, digits or ._:-, no contact."
            )
        return Login(account, until)


def _claims(token: str, key: Redacted, policy: str) -> dict[str, object]:
    # The times are compared with the caller's clock, which tests can set.
    options = {"require": ["aud", "sub", "iat", "exp"], "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        return dict(
            jwt.decode(token, key.reveal(), algorithms=["HS256"], audience=policy, options=options)  # type: ignore[arg-type]
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise LoginError("The login token is not signed with the secret of this policy, or misses a claim.") from error


def _time(value: object) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**35:
        raise LoginError("iat and exp must be whole seconds since 1970.")
    return datetime.fromtimestamp(value, timezone.utc)
