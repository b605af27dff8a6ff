"""What the server answers where it does not do what a bot asks.

Refusal          carries the status, the description in the real server's words, and how long to wait
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A call that is refused. status: of HTTP, and `error_code`; retry_after: seconds."""

    def __init__(self, status: int, description: str, retry_after: int | None = None) -> None:
        """description: as the bot reads it, with its leading "Bad Request: " or the like."""
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after

    def wire(self) -> dict[str, Any]:
        """The answer's JSON."""
        answer: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.retry_after is not None:
            answer["parameters"] = {"retry_after": self.retry_after}
        return answer


def bad_request(reason: str) -> Refusal:
    """400, as for every argument that the server does not take."""
    return Refusal(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> Refusal:
    """403: the person or the group does not let the bot."""
    return Refusal(403, f"Forbidden: {reason}")


def conflict(reason: str) -> Refusal:
    """409: two ways of getting updates at once."""
    return Refusal(409, f"Conflict: {reason}")


def too_many_requests(seconds: int) -> Refusal:
    """429 with the seconds to wait."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", seconds)
