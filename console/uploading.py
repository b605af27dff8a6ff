"""Forms with a file: the only bodies that may be large, and only at the doors that say so.

Such a body is not gathered before anybody looked who sends it: it is counted while it comes in, and the guard lets it
in only after it knows the member and the role. What is over the cap is dropped as it comes, so that the browser shows
the answer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.routing import compile_path

if TYPE_CHECKING:
    from console.access import Door

MULTIPART = "multipart/form-data"
MOST_FIELDS = 30
BROKEN_OFF = (400, "It broke off", "What was sent did not arrive whole. Nothing was taken in; please send it again.")
DROPPED = 3  # times the cap: so much of a body that is too large is read to its end
Receive = Callable[[], Awaitable[dict[str, Any]]]


class BodyTooLargeError(Exception):
    """A body has more bytes than its door takes."""


class Caps:
    """How large a form with a file may be, by the path to which it is sent."""

    def __init__(self, doors: "Iterable[Door]" = ()) -> None:
        self._caps: list[tuple[re.Pattern[str], int]] = [
            (compile_path(door.path)[0], door.upload) for door in doors if door.upload
        ]

    def of(self, path: str, kind: str) -> int:
        """So many bytes; 0 where that is no form with a file, or no door for one."""
        if media_type(kind) != MULTIPART:
            return 0
        return next((most for pattern, most in self._caps if pattern.match(path)), 0)


def media_type(header: str) -> str:
    """The type alone, of a Content-Type."""
    return header.partition(";")[0].strip().lower()


def counted(receive: Receive, most: int) -> Receive:
    """The same body, up to that many bytes; then BodyTooLargeError, after the rest was read and dropped."""
    size = 0

    async def count() -> dict[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size <= most:
            return message
        while message.get("more_body") and size <= most * (1 + DROPPED):
            message = await receive()
            size += len(message.get("body", b""))
        raise BodyTooLargeError

    return count


async def form_of(request: Request, most: int) -> FormData:
    """The form of a request to a door that takes a file. The handler finds the same form in the request.

    Raises BodyTooLargeError, and ClientDisconnect for one that broke off.
    """
    return await request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=most)


def too_large(most: int) -> tuple[int, str, str]:
    """What is told: status, title, text."""
    return 413, "That is too large", f"At most {most // 1_000:,} kB can be sent here. Nothing was taken in."
