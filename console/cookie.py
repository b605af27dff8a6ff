"""The cookie in which a browser keeps its session."""

from __future__ import annotations

import re

from fastapi import Request
from fastapi.responses import Response

from pii.redacted import Redacted

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")


class SessionCookie:
    """The cookie that holds the session's token. Over https no other host and no plain connection can set it."""

    def __init__(self, is_https: bool) -> None:
        self.name = "__Host-desk" if is_https else "desk"
        self._is_https = is_https

    def read(self, request: Request) -> Redacted | None:
        """The token, if the browser sent one that could be ours."""
        text = request.cookies.get(self.name, "")
        return Redacted(text) if _TOKEN.fullmatch(text) else None

    def set(self, response: Response, token: Redacted) -> None:
        """Hand a token to the browser, until it is closed."""
        response.set_cookie(
            self.name, token.reveal(), path="/", secure=self._is_https, httponly=True, samesite="strict"
        )

    def is_in(self, response: Response) -> bool:
        """Whether an answer sets or drops it already."""
        return any(text.startswith(f"{self.name}=") for text in response.headers.getlist("set-cookie"))

    def drop(self, response: Response) -> None:
        """Take it back."""
        response.delete_cookie(self.name, path="/", secure=self._is_https, httponly=True, samesite="strict")
