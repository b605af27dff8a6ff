"""Login tokens: what a company's own site vouches for, and everything that is not believed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import jwt
import pytest
from builders import PROJECT

from bot.login import Login, LoginError, Logins
from bot.sessions import Session, Sessions
from pii.redacted import Redacted

NOW = datetime(2026, 3, 2, 12, tzinfo=timezone.utc)
KEY = "only-for-tests-only-for-tests-only-for-tests"
LOGINS = Logins({"klasso": Redacted(KEY)})


def token(key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    begun = int(NOW.timestamp())
    claims = {"aud": "klasso", "sub": "user-4711", "iat": begun, "exp": begun + 900, **changes}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)


def test_a_signed_token_names_the_account_and_until_when() -> None:
    assert LOGINS.read("klasso", token(), NOW) == Login("user-4711", NOW + timedelta(minutes=15))


@pytest.mark.parametrize(
    "wrong",
    [
        token(key="another-key-another-key-another-key-1234"),
        token(algorithm="HS512"),
        jwt.encode({"aud": "klasso", "sub": "user-4711", "iat": 1, "exp": 2}, None, "none"),
        token(aud="kloudtalk"),
        token(sub=None),
        token(exp=None),
        token(iat=None),
        token(aud=None),
        token(exp=int(NOW.timestamp()) - 60),
        token(iat=int(NOW.timestamp()) + 600, exp=int(NOW.timestamp()) + 900),
        token(exp=int(NOW.timestamp()) + 3_700),
        token(exp=int(NOW.timestamp())),
        token(exp=1e99),
        token(sub="one@example.org"),
        token(sub="+44 20 7946 0123"),
        token(sub=""),
        token(sub="x" * 65),
        token(sub=["user-4711"]),
        token(sub="two\nlines"),
        token()[:-2],
        token() + "x" * 3_000,
        "",
        "a.b.c",
        "…",
    ],
)
def test_anything_else_is_not_believed(wrong: str) -> None:
    with pytest.raises(LoginError):
        LOGINS.read("klasso", wrong, NOW)


def test_a_policy_without_a_secret_believes_nobody() -> None:
    with pytest.raises(LoginError, match="PRIVACY_DESK_LOGIN_KEYS"):
        LOGINS.read("kloudtalk", token(aud="kloudtalk"), NOW)


def test_a_session_carries_the_login_until_it_ends() -> None:
    sessions = Sessions(Redacted(KEY))
    _, minted = sessions.open("klasso", Login("user-4711", NOW + timedelta(minutes=15)))
    session = sessions.read(minted)
    assert session.account(NOW) == "user-4711"
    assert session.account(NOW + timedelta(minutes=15)) == ""


def test_a_login_never_takes_over_a_conversation_that_somebody_else_began() -> None:
    sessions = Sessions(Redacted(KEY))
    begun, _ = sessions.open("klasso")
    own = Login("user-1", NOW)

    def goes_on(resumed: Session, login: Login | None, policy: str = "klasso") -> bool:
        return sessions.open(policy, login, resumed)[0].conversation == resumed.conversation

    assert goes_on(begun, None)
    assert not goes_on(begun, own)  # who was not logged in may have been anybody
    of_one = Session(begun.conversation, "klasso", own)
    assert goes_on(of_one, Login("user-1", NOW + timedelta(hours=1)))
    assert not goes_on(of_one, Login("user-2", NOW)) and not goes_on(of_one, None)
    assert not goes_on(begun, None, "kloudtalk")


def test_the_ten_lines_of_the_documentation_make_a_token_that_is_believed() -> None:
    page = (PROJECT / "docs" / "widget.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    made: dict[str, Any] = {}
    exec(code, made)
    now = datetime.now(timezone.utc)
    login = LOGINS.read("klasso", made["login_token"]("user-4711", "klasso", KEY), now)
    assert login.account == "user-4711" and timedelta() < login.until - now <= timedelta(minutes=15)
