"""Under which name somebody signs: the login, or the full name that they typed, which their browser remembers.

The login stands behind a typed name, so that a signature always says whose account gave it.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.responses import Response

from policies_kb.errors import ProfileError
from policies_kb.reviewing import LONGEST_NAME, checked_name
from tickets.errors import InputError

if TYPE_CHECKING:
    from console.access import Who

COOKIE = "desk-signer"
LONGEST_FIELD = 4_000
REMEMBERED_SECONDS = 12 * 3600  # as long as a session lasts at most
NOT_A_NAME = "Please type a name of 2 to {most} ordinary characters, or leave the field empty to sign with your login."


def remembered(request: Request, who: "Who") -> str:
    """The name that this member typed last in this browser; the login where there is none."""
    try:
        text = base64.urlsafe_b64decode(request.cookies.get(COOKIE, "").encode()).decode()
        owner, _, name = text.partition("\n")
        return cleaned(name, who) if owner == who.member.id else who.member.login
    except (binascii.Error, ValueError, InputError):
        return who.member.login


def cleaned(name: str, who: "Who") -> str:
    """The name as one line; the login for none. Raises InputError for what is no name."""
    login = who.member.login
    most = LONGEST_NAME - len(login) - len(" ()")
    line = " ".join(name.split())
    if not line:
        return login
    try:
        line = checked_name(line)
    except ProfileError:
        raise InputError(NOT_A_NAME.format(most=most)) from None
    if len(line) > most:
        raise InputError(NOT_A_NAME.format(most=most))
    return line


def signature_of(name: str, who: "Who") -> str:
    """What is written beside what was signed."""
    login = who.member.login
    return login if name == login else f"{name} ({login})"


def remember(response: Response, name: str, who: "Who", is_https: bool) -> None:
    """Keep the name in this browser, for this member."""
    value = base64.urlsafe_b64encode(f"{who.member.id}\n{name}".encode()).decode()
    response.set_cookie(
        COOKIE,
        value,
        max_age=REMEMBERED_SECONDS,
        path="/knowledge",
        secure=is_https,
        httponly=True,
        samesite="strict",
    )


async def typed_in(request: Request) -> dict[str, str]:
    """The fields of the page's form, each at most as long as anything that is kept."""
    form = await request.form()
    return {name: text[:LONGEST_FIELD] for name, text in form.multi_items() if isinstance(text, str)}
